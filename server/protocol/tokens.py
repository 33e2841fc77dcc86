"""Tokens as the wire defines them, and the key they are signed with. Protocol level: servers, tools and load tests sign alike.

A token is a JWT (RFC 7519), HS256, with `sub`, `role`, `iat`, `exp`, `vehicle_id` for terminals, `stop_id` for kiosks.
"""

import os
import secrets
from enum import StrEnum
from pathlib import Path

import jwt

KEY_FILE = "token.key"
SECRET_VARIABLE = "RIDEBELL_SECRET"  # noqa: S105 - the name of an environment variable
SECRET_MIN_CHARS = 32
"""RFC 7518 §3.2: an HS256 key is at least as long as the hash, 32 bytes."""
DEMO_SECRET = "ridebell-demo-secret-for-trying-out-only"  # noqa: S105 - public on purpose; refused outside demo mode


class Role(StrEnum):
    """What a token lets its holder be; each has a socket of its own, but for a stop's kiosk or button, which needs none."""

    RIDER = "rider"
    TERMINAL = "terminal"
    OPERATOR = "operator"
    INSPECTOR = "inspector"
    """Reads what operators read, and changes nothing."""
    FEED = "feed"
    KIOSK = "kiosk"


class SecretError(Exception):
    """The signing key cannot be used; the text says what, where, and what to do."""


def make_token(
    key: bytes,
    *,
    role: Role,
    subject: str,
    now_s: float,
    ttl_s: float,
    vehicle_id: str | None = None,
    stop_id: str | None = None,
) -> str:
    """Sign a token. Raises ValueError for a terminal without a vehicle and a kiosk without a stop."""
    if role is Role.TERMINAL and not vehicle_id:
        raise ValueError("a terminal's token needs the vehicle it is built into; add --vehicle")
    if role is Role.KIOSK and not stop_id:
        raise ValueError("a kiosk's token needs the stop where it stands; add --kiosk STOP_ID")
    claims: dict[str, object] = {"sub": subject, "role": role.value, "iat": int(now_s), "exp": int(now_s + ttl_s)}
    if vehicle_id is not None:
        claims["vehicle_id"] = vehicle_id
    if stop_id is not None:
        claims["stop_id"] = stop_id
    return jwt.encode(claims, key, algorithm="HS256")


def signing_key(data_dir: Path, *, demo: bool, environment: dict[str, str] | None = None) -> bytes:
    """Take the key from `RIDEBELL_SECRET`, else from `token.key` in the data directory (made on first use, mode 0600).

    Raises SecretError: too short, the public demo secret outside demo mode, or a file that others may read.
    """
    secret = (os.environ if environment is None else environment).get(SECRET_VARIABLE)
    if secret is None:
        return _key_file(data_dir / KEY_FILE)
    if len(secret) < SECRET_MIN_CHARS:
        raise SecretError(
            f"{SECRET_VARIABLE} has {len(secret)} characters; give at least {SECRET_MIN_CHARS}, for example from `openssl rand -hex 32`"
        )
    if secret == DEMO_SECRET and not demo:
        raise SecretError(
            f"{SECRET_VARIABLE} is the public demo secret, which anybody can sign with; choose your own, or start with --demo"
        )
    return secret.encode()


def _key_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key_file(path)
        if path.stat().st_mode & 0o077:
            raise SecretError(f"{path} can be read by other users; run: chmod 600 {path}")
        key = path.read_bytes().strip()
    except OSError as error:
        raise SecretError(
            f"cannot use the key file {path}: {error.strerror}; give this user a directory it may write to"
        ) from error
    if len(key) < SECRET_MIN_CHARS:
        raise SecretError(
            f"{path} holds {len(key)} bytes, which is too short for a key; remove it and a new one is made (all tokens end)"
        )
    return key


def _make_key_file(path: Path) -> None:
    """Write beside and link into place: of two processes that start at once, both end with the same key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(beside)
        except FileExistsError:
            return
    finally:
        beside.unlink()
