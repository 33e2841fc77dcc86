"""What every `ports.Relay` must do."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.conftest import Backend


class Screen:
    """A subscriber that remembers, and may do something when it is handed a frame."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.taken: list[tuple[bytes, int | None, str]] = []
        self.then = then

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        self.taken.append((frame, seq, key))
        self.then()


def fail() -> None:
    raise RuntimeError("this screen is broken")


async def test_a_stream_reaches_its_subscribers_in_order_and_nobody_else(backend: "Backend") -> None:
    one, two, other = Screen(), Screen(), Screen()
    backend.relay.subscribe("terminal:v1", one)
    backend.relay.subscribe("terminal:v1", two)
    backend.relay.subscribe("terminal:v2", other)
    assert backend.relay.publish("terminal:v1", b"a", seq=1, key="trip") == 2
    assert backend.relay.publish("terminal:v1", b"b", seq=None, key="bus") == 2
    assert one.taken == two.taken == [(b"a", 1, "trip"), (b"b", None, "bus")]
    assert other.taken == []


async def test_nobody_there_is_nobody_told(backend: "Backend") -> None:
    assert backend.relay.publish("terminal:v1", b"a", seq=1, key="trip") == 0


async def test_an_ended_subscription_hears_nothing_more(backend: "Backend") -> None:
    screen, stays = Screen(), Screen()
    end = backend.relay.subscribe("rider:r1", screen)
    backend.relay.subscribe("rider:r1", stays)
    end()
    end()
    assert backend.relay.publish("rider:r1", b"a", seq=1, key="bell:b") == 1
    assert screen.taken == []
    assert len(stays.taken) == 1


async def test_the_same_screen_may_subscribe_again_after_it_ended(backend: "Backend") -> None:
    screen = Screen()
    end_first = backend.relay.subscribe("rider:r1", screen)
    end_first()
    backend.relay.subscribe("rider:r1", screen)
    end_first()
    assert backend.relay.publish("rider:r1", b"a", seq=1, key="bell:b") == 1


async def test_a_broken_subscriber_hurts_no_other(backend: "Backend") -> None:
    before, broken, after = Screen(), Screen(fail), Screen()
    for screen in (before, broken, after):
        backend.relay.subscribe("terminal:v1", screen)
    assert backend.relay.publish("terminal:v1", b"a", seq=1, key="trip") == 2
    assert len(before.taken) == len(after.taken) == 1


async def test_subscriptions_may_change_while_a_frame_is_handed_on(backend: "Backend") -> None:
    late, ended = Screen(), Screen()
    ends: list[Callable[[], None]] = []
    first = Screen(lambda: (ends[0](), backend.relay.subscribe("rider:r1", late))[0])
    backend.relay.subscribe("rider:r1", first)
    ends.append(backend.relay.subscribe("rider:r1", ended))
    assert backend.relay.publish("rider:r1", b"a", seq=1, key="bell:b") == 1
    assert ended.taken == late.taken == []
