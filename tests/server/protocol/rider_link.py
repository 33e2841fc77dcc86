"""A rider's link for tests of the client's state machine: its session, and frames as a server sends them."""

import random

import msgspec

from server.core.model import BellKind, BellState
from server.protocol.messages import (
    BellMessage,
    RiderSnapshot,
    RiderWelcome,
    ToRider,
)
from server.protocol.session import (
    Pace,
    Session,
)

encode = msgspec.json.encode


def rider_session(*, pace: Pace | None = None, renewable: bool = False, seed: int = 1) -> Session[ToRider]:
    return Session(
        ToRider,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
        rng=random.Random(seed),
        pace=pace,
        lang="ko",
        renewable=renewable,
    )


def welcome(epoch: str = "e1", seq: int = 0, *, recovered: bool = False, heartbeat_s: int = 10) -> bytes:
    snapshot = None if recovered else RiderSnapshot(bells=[])
    return encode(
        RiderWelcome(
            epoch=epoch,
            seq=seq,
            recovered=recovered,
            server_at_ms=0,
            heartbeat_s=heartbeat_s,
            snapshot=snapshot,
        )
    )


def bell(seq: int, bell_id: str = "bell-0001", at_ms: int = 0) -> BellMessage:
    return BellMessage(
        seq=seq,
        bell_id=bell_id,
        kind=BellKind.BOARD,
        state=BellState.WAITING,
        stop_id="S",
        stop_sequence=None,
        route_id="R",
        attempt=1,
        at_ms=at_ms,
    )


def live(session: Session[ToRider], *, epoch: str = "e1", seq: int = 0, heartbeat_s: int = 10) -> None:
    session.hello("t", now_s=0.0)
    session.received(welcome(epoch, seq, heartbeat_s=heartbeat_s), now_s=0.0)
