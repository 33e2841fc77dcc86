"""The nonce in a stop's QR code, which shows without GPS that somebody stands there. Web level; pure.

It is printed on the pole, so it proves what a printed sign can prove and no more: somebody has seen this stop's code.
It is made with the signing key: a new key makes all printed codes void.
"""

import base64
import hashlib
import hmac

NONCE_BYTES = 12
"""96 bits: not to be guessed, and short enough (16 characters) for a small QR code."""


def stop_nonce(key: bytes, stop_id: str) -> str:
    """Make the nonce of one stop, 16 URL-safe characters."""
    digest = hmac.digest(key, b"stop:" + stop_id.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:NONCE_BYTES]).decode()


def nonce_is_of(key: bytes, stop_id: str, nonce: str) -> bool:
    """Whether this is the stop's nonce; takes the same time for every answer."""
    return hmac.compare_digest(stop_nonce(key, stop_id).encode(), nonce.encode())


BUS_STEP_S = 60
"""The code inside a bus changes once a minute: long enough to point a phone at it, too short to be passed on."""
BUS_STEPS_KEPT = 2
"""The present code and the one before are taken: who pointed at it in its last second is not refused."""


def bus_nonce(key: bytes, vehicle_id: str, at_ms: int) -> str:
    """Make the code that a bus shows inside at an instant: its id, a dot, 16 URL-safe characters."""
    step = at_ms // (BUS_STEP_S * 1000)
    digest = hmac.digest(key, f"bus:{vehicle_id}:{step}".encode(), hashlib.sha256)
    return f"{vehicle_id}.{base64.urlsafe_b64encode(digest[:NONCE_BYTES]).decode()}"


def bus_of_nonce(key: bytes, nonce: str, now_ms: int) -> str | None:
    """The vehicle whose code this is now, or was a minute ago; None for any other text."""
    vehicle_id, dot, _ = nonce.rpartition(".")
    if not dot or not vehicle_id:
        return None
    right = False
    for back in range(BUS_STEPS_KEPT):
        kept = bus_nonce(key, vehicle_id, now_ms - back * BUS_STEP_S * 1000)
        right |= hmac.compare_digest(kept.encode(), nonce.encode())
    return vehicle_id if right else None
