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
