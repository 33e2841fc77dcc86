"""What every wire message is made of: its base, bounded ids, places and numbers. Protocol level, below `messages`."""

from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=128)]
"""An id on the wire: GTFS ids where GTFS has one; bounded so that no client can make us keep a long one."""
BellIdText = Annotated[str, Meta(min_length=8, max_length=64)]
Lat = Annotated[float, Meta(ge=-90, le=90)]
Lon = Annotated[float, Meta(ge=-180, le=180)]
Metres = Annotated[float, Meta(ge=0, le=1e7)]
Seq = Annotated[int, Meta(ge=0)]
Ms = Annotated[int, Meta(ge=0, le=10**14)]


class Message(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """Base of every wire object."""
