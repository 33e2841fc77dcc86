"""The key with which we show push services who sends (VAPID, RFC 8292): made on first use, read by nobody else. Web level."""

import base64
import os
import secrets
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.protocol.tokens import SecretError

KEY_FILE = "push.key"
GOOD_FOR_S = 12 * 3600
"""How long one signature is good for; push services refuse more than 24 h."""


class PushKey:
    """The key pair of this server. `contact` is a `mailto:` or `https:` address at which a push service finds its operator."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, contact: str) -> None:
        self._key = key
        self._contact = contact
        point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.public = base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def authorization(self, origin: str) -> str:
        """Give the `Authorization` header for a push service."""
        claims = {"aud": origin, "exp": int(time.time()) + GOOD_FOR_S, "sub": self._contact}
        return f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self.public}"


def push_key(data_dir: Path, contact: str) -> PushKey:
    """Take the key from the data directory, or make it there (mode 0600). Raises SecretError."""
    path = data_dir / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise SecretError(f"{path} can be read by other users; run: chmod 600 {path}")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SecretError(
            f"cannot use the key file {path}: {error.strerror}; give this user a directory it may write to"
        ) from error
    except ValueError as error:
        raise SecretError(
            f"{path} holds no private key; remove it and a new one is made (open subscriptions end)"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SecretError(f"{path} holds a key of another kind; remove it and a new one is made")
    return PushKey(key, contact)


def _make(path: Path) -> None:
    """Write beside and link into place: of two processes that start at once, both end with the same key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    beside = path.with_name(f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(beside)
        except FileExistsError:
            return
    finally:
        beside.unlink()
