"""Whom the doors turned away, minute by minute. Web level: counts in memory, kept as notes; pseudonyms live one day."""

import hashlib
import hmac
from collections import Counter
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from server.core.model import StopId
from server.evidence import DoorNote

COUNTED_MAX = 2_000
"""Different people counted in one minute; those beyond share one line, so that a storm cannot fill the journal."""
OTHERS = "others"

Door = Literal["ring", "kiosk", "ticket", "report"]


class _Key(NamedTuple):
    what: Door
    who: str
    stop_id: str | None


def pseudonym(key: bytes, at_ms: int, subject: str) -> str:
    """A name for somebody that holds for one day (UTC) and leads nowhere: keyed, salted by the day.

    >>> pseudonym(b"k", 0, "r") == pseudonym(b"k", 86_399_999, "r"), pseudonym(b"k", 86_400_000, "r")[:2] != ""
    (True, True)
    """
    day = f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y%m%d}"
    return hmac.digest(key, f"rider-of-day:{day}:{subject}".encode(), hashlib.sha256)[:5].hex()


class DoorCounts:
    """Counts until the minute is over."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._counts: Counter[_Key] = Counter()

    def turned_away(self, what: Door, subject: str, at_ms: int, stop_id: str | None = None) -> None:
        """Somebody was refused for coming too often."""
        key = _Key(what, pseudonym(self._key, at_ms, subject), stop_id)
        if key not in self._counts and len(self._counts) >= COUNTED_MAX:
            key = _Key(what, OTHERS, None)
        self._counts[key] += 1

    def take(self, at_ms: int) -> list[DoorNote]:
        """The notes of the minute that ends now."""
        notes = [
            DoorNote(at_ms, key.what, key.who, count, StopId(key.stop_id) if key.stop_id is not None else None)
            for key, count in self._counts.items()
        ]
        self._counts.clear()
        return notes
