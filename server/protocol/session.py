"""One client's life on a socket as a pure state machine: frames and time in, frames and decisions out. Level: protocol.

No I/O, no clock, no tasks: `server.protocol.link` turns the decisions into deeds, and tests play years in milliseconds.
All times are seconds of one monotonic clock that the caller supplies.
"""

import math
import random
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import Generic, TypeVar

import msgspec

from server.protocol.messages import Ack, Beat, Drain, Hello, Message, Refused, Resume, Welcome

M = TypeVar("M", bound=Message)
"""The union of messages that this kind of client may be sent."""


class CloseCode(IntEnum):
    """Close codes a client must tell apart (PROTOCOL, sockets). `ABNORMAL`: the link broke without a word (RFC 6455 §7.1.5)."""

    NORMAL = 1000
    ABNORMAL = 1006
    TOO_LARGE = 1009
    RESTART = 1012
    BAD_MESSAGE = 4400
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    TOO_SLOW = 4408
    SUPERSEDED = 4409
    TOO_MANY = 4429


class StopReason(StrEnum):
    """Why a client must not come back by itself."""

    NOT_AUTHENTICATED = "not_authenticated"
    FORBIDDEN = "forbidden"
    SUPERSEDED = "superseded"
    CLOSED = "closed"


_STOPS = {
    CloseCode.NOT_AUTHENTICATED: (
        StopReason.NOT_AUTHENTICATED,
        "the server did not accept the token (wrong, expired or signed with another key); get a new one",
    ),
    CloseCode.FORBIDDEN: (
        StopReason.FORBIDDEN,
        "the token is valid but not for this socket; use one of the right role (and vehicle)",
    ),
    CloseCode.SUPERSEDED: (
        StopReason.SUPERSEDED,
        "a newer session with the same identity took over; run only one at a time",
    ),
}
_CROWDED = frozenset({CloseCode.TOO_SLOW, CloseCode.TOO_MANY, CloseCode.BAD_MESSAGE, CloseCode.TOO_LARGE})
"""Closes after which an early return would only repeat the trouble."""


class LinkStopped(Exception):  # noqa: N818 - it says what happened, as asyncio's own do
    """The connection ended for good. The text says why and what to do."""

    def __init__(self, reason: StopReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient a client is. All in seconds.

    `first_backoff_s` … `max_backoff_s`: ceilings of the full-jitter back-off (a delay is uniform in 0 … ceiling, and the
    ceiling doubles), so that many clients that lost one server do not return together. `crowded_backoff_s`: first
    ceiling after the server said "too slow" or "too many". `settled_s`: a connection that lived so long starts the
    back-off anew. `silence_limit_s`: a link that says nothing for so long is dead, whatever the heartbeat; terminals
    need 5 s (DOMAIN §3.6). `welcome_s`: how long the answer to `hello` may take.
    """

    first_backoff_s: float = 0.5
    max_backoff_s: float = 30.0
    crowded_backoff_s: float = 5.0
    settled_s: float = 10.0
    silence_limit_s: float = math.inf
    welcome_s: float = 10.0


class Phase(Enum):
    """Where the session is: no link, `hello` said, `welcome` heard, or ended for good."""

    OFFLINE = "offline"
    GREETING = "greeting"
    LIVE = "live"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Welcomed(Generic[M]):
    """The server knows us. `resumed`: what we held goes on; otherwise the welcome's snapshot replaces it."""

    welcome: Welcome
    resumed: bool


@dataclass(frozen=True, slots=True)
class Delivered(Generic[M]):
    """A message to handle. `seq` if numbered; call `taken` with it once handled. `again`: already handled once."""

    message: M
    seq: int | None
    again: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A number is missing: what we hold cannot be trusted. Close; the next `hello` asks for a snapshot."""

    expected_seq: int
    got_seq: int


@dataclass(frozen=True, slots=True)
class Due:
    """What the passing of time asks for now, and in how many seconds to ask again."""

    beat: bool
    probe: bool
    dead: str | None
    again_in_s: float


@dataclass(frozen=True, slots=True)
class Again:
    """Connect again after `after_s` seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not connect again; `error` says why."""

    error: LinkStopped


class _Header(msgspec.Struct):
    """The two fields that matter of a message of a future version."""

    type: str
    seq: int | None = None


DEAD_AFTER_HEARTBEATS = 2.5
"""A link on which nothing came for so many heartbeats is dead: one lost beat is forgiven, two are not."""
_SMALLEST_WAIT_S = 0.001


class Session(Generic[M]):
    """Numbers, acknowledgements, heartbeats and the decision when to come back.

    `incoming` is the union of messages from the server, `renewable` says that a new token can be had, `rng` is the
    source of jitter. Messages of an unknown type are skipped (a newer server may send them) but their numbers count.
    """

    def __init__(
        self,
        incoming: type[M],
        *,
        rng: random.Random,
        pace: Pace | None = None,
        lang: str | None = None,
        renewable: bool = False,
    ) -> None:
        self._decoder: msgspec.json.Decoder[M] = msgspec.json.Decoder(incoming)
        self._header = msgspec.json.Decoder(_Header)
        self._encoder = msgspec.json.Encoder()
        self._rng = rng
        self._pace = pace or Pace()
        self._lang = lang
        self._renewable = renewable
        self.phase = Phase.OFFLINE
        self.epoch: str | None = None
        self.taken_seq = 0
        self.ignored = 0
        self._received_seq = 0
        self._acked_seq = 0
        self._replayed_to = 0
        self._attempts = 0
        self._refreshed = False
        self._heartbeat_s = math.inf
        self._opened_s = 0.0
        self._heard_s = 0.0
        self._sent_s = 0.0
        self._probed = False
        self._come_back_s: float | None = None
        self._words = ""

    # -- a connection opens ----------------------------------------------------

    def hello(self, token: str, *, now_s: float) -> bytes:
        """The first frame. Asks to resume after the last message handled, if there is one."""
        self.phase = Phase.GREETING
        self._opened_s = self._heard_s = self._sent_s = now_s
        self._received_seq = self.taken_seq
        self._probed = False
        self._come_back_s = None
        self._words = ""
        resume = Resume(epoch=self.epoch, seq=self.taken_seq) if self.epoch is not None else None
        return self._encoder.encode(Hello(token=token, resume=resume, lang=self._lang))

    def encode(self, message: Message, *, now_s: float) -> bytes:
        """A frame for the server; also puts off the next beat."""
        self._sent_s = now_s
        return self._encoder.encode(message)

    # -- frames come -----------------------------------------------------------

    def heard(self, *, now_s: float) -> None:
        """Any sign of life from the server: a frame, or the answer to a probe."""
        self._heard_s = now_s
        self._probed = False

    def received(self, frame: bytes | str, *, now_s: float) -> Welcomed[M] | Delivered[M] | Lost | None:
        """Take one frame; what it means for the client, or None where it needs no handling."""
        self.heard(now_s=now_s)
        try:
            message = self._decoder.decode(frame)
        except msgspec.MsgspecError:
            return self._skip(frame)
        match message:
            case Welcome():
                return self._welcomed(message)
            case Beat():
                return None
            case Drain(reconnect_in_ms=wait_ms):
                self._come_back_s = now_s + max(0, wait_ms) / 1000
                return None
            case Refused(message=words, ref=None):
                self._words = words
        seq = getattr(message, "seq", None)
        if not isinstance(seq, int):
            return Delivered(message, None, again=False)
        lost = self._missing(seq)
        if lost is not None:
            return lost
        again = seq <= self._received_seq
        self._received_seq = max(self._received_seq, seq)
        return Delivered(message, seq, again=again)

    def _skip(self, frame: bytes | str) -> Lost | None:
        """A frame of a future version or broken: nothing to handle, but a number in it must not look like a gap."""
        self.ignored += 1
        try:
            seq = self._header.decode(frame).seq
        except msgspec.MsgspecError:
            return None
        if seq is None:
            return None
        lost = self._missing(seq)
        if lost is None:
            self._received_seq = max(self._received_seq, seq)
        return lost

    def _welcomed(self, welcome: Welcome) -> Welcomed[M]:
        resumed = welcome.recovered and welcome.epoch == self.epoch
        if not resumed:
            self.epoch = welcome.epoch
            self._received_seq = self.taken_seq = welcome.seq
        self._acked_seq = self.taken_seq if resumed else 0
        self._replayed_to = welcome.seq
        self._heartbeat_s = max(_SMALLEST_WAIT_S, float(welcome.heartbeat_s))
        self._refreshed = False
        self.phase = Phase.LIVE
        return Welcomed(welcome, resumed)

    def _missing(self, seq: int) -> Lost | None:
        """A resumed client is spared superseded messages, so numbers may jump up to the welcome's; after it, never."""
        expected = max(self._received_seq, self._replayed_to) + 1
        if seq <= expected:
            return None
        self.epoch = None
        self.taken_seq = self._received_seq = 0
        return Lost(expected, seq)

    def taken(self, seq: int) -> bytes | None:
        """The client has handled everything up to `seq`: the acknowledgement to send, if it is news to the server."""
        self.taken_seq = max(self.taken_seq, seq)
        return self.acknowledgement()

    def acknowledgement(self) -> bytes | None:
        """An `ack` frame when something handled was not acknowledged on this connection."""
        if self.phase is not Phase.LIVE or self.taken_seq <= self._acked_seq:
            return None
        self._acked_seq = self.taken_seq
        return self._encoder.encode(Ack(seq=self.taken_seq, epoch=self.epoch))

    # -- time passes -----------------------------------------------------------

    @property
    def silence_limit_s(self) -> float:
        """After so many seconds without a sign of life the link is dead."""
        if self.phase is Phase.GREETING:
            return self._pace.welcome_s
        return min(DEAD_AFTER_HEARTBEATS * self._heartbeat_s, self._pace.silence_limit_s)

    def due(self, *, now_s: float) -> Due:
        """What to do now: say a beat, probe a link that fell silent (half its limit), or give it up.

        With a server whose heartbeat is short enough no probe is ever sent; the probe exists because a terminal must
        know within 5 s what a longer heartbeat tells too late.
        """
        limit_s = self.silence_limit_s
        since_s = self._opened_s if self.phase is Phase.GREETING else self._heard_s
        silent_s = now_s - since_s
        if silent_s >= limit_s:
            return Due(beat=False, probe=False, dead=f"no sign of life for {silent_s:.1f} s", again_in_s=math.inf)
        if self.phase is Phase.GREETING:
            return Due(beat=False, probe=False, dead=None, again_in_s=limit_s - silent_s)
        beat = now_s - self._sent_s >= self._heartbeat_s
        probe = not self._probed and silent_s >= limit_s / 2
        self._probed = self._probed or probe
        next_beat_s = self._heartbeat_s if beat else self._sent_s + self._heartbeat_s - now_s
        next_look_s = limit_s - silent_s if self._probed else limit_s / 2 - silent_s
        return Due(beat, probe, None, max(_SMALLEST_WAIT_S, min(next_beat_s, next_look_s)))

    def beat(self, *, now_s: float) -> bytes:
        """A frame that says nothing but "still here"."""
        return self.encode(Beat(), now_s=now_s)

    # -- the connection is gone ------------------------------------------------

    def closed(self, code: int | None, *, now_s: float) -> Again | Stop:
        """Decide what follows. `code`: the close code, None when the link broke or never opened."""
        if self.phase is Phase.LIVE and now_s - self._opened_s >= self._pace.settled_s:
            self._attempts = 0
        self.phase = Phase.OFFLINE
        if code in _STOPS:
            if code == CloseCode.NOT_AUTHENTICATED and self._renewable and not self._refreshed:
                self._refreshed = True  # once with a fresh token; a second no is an answer
                return Again(0.0)
            self.phase = Phase.STOPPED
            reason, words = _STOPS[CloseCode(code)]
            return Stop(LinkStopped(reason, f"{words} (close {code}{': ' + self._words if self._words else ''})"))
        if self._come_back_s is not None:
            wait_s = max(0.0, self._come_back_s - now_s)
            return Again(wait_s + self._rng.uniform(0.0, max(wait_s / 2, self._pace.first_backoff_s)))
        first_s = self._pace.crowded_backoff_s if code in _CROWDED else self._pace.first_backoff_s
        ceiling_s = min(self._pace.max_backoff_s, first_s * 2.0 ** min(self._attempts, 32))
        self._attempts += 1
        return Again(self._rng.uniform(0.0, ceiling_s))
