"""Bodies of inspections: the code a rider shows, what an inspector scanned, and what came of it. Protocol level."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from server.core.model import RideState
from server.protocol.wire_parts import Message

Verdict = Literal["valid", "expired", "other_bus", "over", "unknown"]
"""`over`: the ride has ended. `unknown`: the code is none of ours: forged, or mistyped."""


class InspectionCode(Message, omit_defaults=False, kw_only=True):
    """What a rider shows. `code` is in the picture, `typed` for inspectors without a camera.

    `path` draws the picture as strokes one wide, in a square of `size`, with its quiet zone.
    """

    code: str
    typed: str
    at_ms: int
    expires_ms: int
    size: int
    path: str


class InspectionRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """What an inspector scanned or typed. `bus`: where the inspector is: vehicle id, plate, or a plate's last four signs."""

    code: Annotated[str, Meta(min_length=1, max_length=512)]
    bus: Annotated[str, Meta(max_length=64)] = ""


class InspectionResult(Message, omit_defaults=False, kw_only=True):
    """What came of it. Of the ride only what an inspector needs; of the rider nothing. All null unless the code is good.

    `seen_ms`: when an inspector met this rider on this ride before: a copied code shows by it.
    """

    verdict: Verdict
    at_ms: int
    plate: str | None = None
    route_name: str | None = None
    state: RideState | None = None
    board_stop_name: str | None = None
    board_stop_names: dict[str, str] | None = None
    boarded_ms: int | None = None
    party: int | None = None
    by_card: bool | None = None
    seen_ms: int | None = None


SCHEMAS: tuple[type[msgspec.Struct], ...] = (InspectionCode, InspectionRequest, InspectionResult)
"""Every body above that stands for itself."""
