"""The code that a rider shows to an inspector: signed, half a minute long, nothing of the rider in it. Web level; pure.

What a picture of it proves is that somebody had this ride half a minute ago; whoever passes it on gives it away for
less than that. The same code in eight letters is for inspectors without a camera: those stand in a bounded table.
"""

import base64
import hashlib
import hmac
import io
from collections import OrderedDict
from typing import NamedTuple

import msgspec
import segno

from server.core.model import Ride

VALID_S = 30
"""How long a code is good at most: long enough to hold a phone under a camera, too short to send a picture of it on."""
STEP_S = 5
"""Codes asked for within so many seconds are one and the same: who asks in a loop fills nothing."""
PREFIX = "RB1"
SIGNATURE_BYTES = 16
"""128 bits of SHA-256: not to be guessed."""
TYPED_LETTERS = 8
"""40 bits; who guesses without an account is not heard, and an inspector's tries are counted."""
TYPED_MAX = 50_000
"""Typed codes that are remembered, about 10 MB: of ten minutes of 1,600 people who show theirs at a time; the oldest go
first."""
TYPED_KEPT_S = 600
"""A typed code is known so long after it ran out: the inspector is told that it is old, not that it is wrong."""
LOOKALIKES = str.maketrans("OIL", "011")
"""Crockford's alphabet has no O, I and L: who types them meant the digits."""
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """What a code says. `expires_s`: epoch seconds."""

    ride_id: str
    vehicle_id: str
    state: str
    expires_s: int


class InspectionCode(NamedTuple):
    """A code as text for a QR code, and as it is typed."""

    text: str
    typed: str
    expires_s: int


class InspectionCodes:
    """Makes and reads codes. `key`: the server's signing key. Times are epoch seconds."""

    def __init__(self, key: bytes, *, typed_max: int = TYPED_MAX) -> None:
        self._key = key
        self._max = typed_max
        self._typed: OrderedDict[str, Shown] = OrderedDict()

    def __len__(self) -> int:
        return len(self._typed)

    def make(self, ride: Ride, *, now_s: float) -> InspectionCode:
        """Make the code of a ride for the next `VALID_S` at most."""
        expires_s = int(now_s) // STEP_S * STEP_S + VALID_S
        shown = Shown(ride.ride_id, ride.vehicle_id, ride.state.value, expires_s)
        payload = base64.urlsafe_b64encode(msgspec.json.encode(shown)).decode().rstrip("=")
        digest = self._digest(payload)
        signature = base64.urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode().rstrip("=")
        typed = _letters(digest[SIGNATURE_BYTES:])
        self._remember(typed, shown, now_s)
        return InspectionCode(f"{PREFIX}.{payload}.{signature}", typed, expires_s)

    def read(self, text: str) -> Shown | None:
        """What a scanned or typed code says, however old it is; None where it is none of ours."""
        text = text.strip()
        if text.startswith(f"{PREFIX}."):
            return self._scanned(text)
        return self._typed.get("".join(text.upper().split()).replace("-", "").translate(LOOKALIKES))

    def _scanned(self, text: str) -> Shown | None:
        _, _, signed = text.partition(".")
        payload, _, signature = signed.partition(".")
        digest = self._digest(payload)[:SIGNATURE_BYTES]
        right = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if not hmac.compare_digest(right.encode(), signature.encode()):
            return None
        padded = payload + "=" * (-len(payload) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Shown)

    def _digest(self, payload: str) -> bytes:
        return hmac.digest(self._key, f"inspection:{payload}".encode(), hashlib.sha256)

    def _remember(self, typed: str, shown: Shown, now_s: float) -> None:
        self._typed[typed] = shown
        oldest = next(iter(self._typed.values()))
        while len(self._typed) > self._max or now_s - oldest.expires_s > TYPED_KEPT_S:
            self._typed.popitem(last=False)
            oldest = next(iter(self._typed.values()))


def _letters(digest: bytes) -> str:
    number = int.from_bytes(digest[:5])
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(5 * (TYPED_LETTERS - 1), -1, -5))


class Picture(NamedTuple):
    """A QR code as one SVG path; `size` modules wide and high, its quiet zone of four included."""

    size: int
    path: str


def picture(text: str) -> Picture:
    """Draw a code. Error correction M (15 %): a scratched screen is read, and the modules stay large."""
    code = segno.make_qr(text, error="m", boost_error=False)
    width = int(code.symbol_size()[0])
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", omitsize=True, xmldecl=False, svgns=False, nl=False)
    path = drawn.getvalue().decode().partition(' d="')[2].partition('"')[0]
    return Picture(width, path)
