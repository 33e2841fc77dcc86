"""Frames become messages, or a reason why not. Protocol level; no I/O.

The usual frame is decoded once, straight into its type. Only one that fails is read again, to tell an unknown type
(a newer client) from a bad message, and to find what an answer should refer to.
"""

from typing import Generic, NamedTuple, TypeVar, get_args

import msgspec

from server.core.model import Reason

M = TypeVar("M")

REF_MAX_CHARS = 128
"""As `messages.Id`: a longer reference is not repeated to whoever sent it."""
WHAT_MAX_CHARS = 200
"""msgspec's sentence names field and path, never a value; bounded all the same."""


class Rejected(NamedTuple):
    """A frame that is no message of ours. `what` is the decoder's sentence, in English, for developers."""

    reason: Reason
    ref: str | None
    what: str


class _Envelope(msgspec.Struct):
    type: str | None = None
    ref: object = None
    bell_id: object = None
    alert_id: object = None


class Codec(Generic[M]):
    """Decodes the messages of one union, for example `messages.FromRider`."""

    def __init__(self, union: object) -> None:
        self._decode = msgspec.json.Decoder(union).decode
        self._envelope = msgspec.json.Decoder(_Envelope)
        self._types = frozenset(member.__struct_config__.tag for member in get_args(union))

    def decode(self, frame: bytes) -> M | Rejected:
        """Read one frame. Never raises."""
        try:
            message: M = self._decode(frame)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return self._rejected(frame, str(error))
        return message

    def _rejected(self, frame: bytes, what: str) -> Rejected:
        try:
            envelope = self._envelope.decode(frame)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Rejected(Reason.BAD_MESSAGE, None, what[:WHAT_MAX_CHARS])
        ref = next((r for r in (envelope.ref, envelope.bell_id, envelope.alert_id) if isinstance(r, str)), None)
        if ref is not None and len(ref) > REF_MAX_CHARS:
            ref = None
        if envelope.type is not None and envelope.type not in self._types:
            return Rejected(Reason.UNKNOWN_TYPE, ref, envelope.type[:REF_MAX_CHARS])
        return Rejected(Reason.BAD_MESSAGE, ref, what[:WHAT_MAX_CHARS])


_encoder = msgspec.json.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    """One message as a text frame."""
    return _encoder.encode(message)
