"""The client's state machine against a model of a server, over a link that breaks at any moment."""

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from server.protocol.messages import (
    BellMessage,
    Message,
    RiderSnapshot,
    RiderWelcome,
    ToRider,
)
from server.protocol.session import (
    Delivered,
    Lost,
    Welcomed,
)
from tests.server.protocol.rider_link import bell, encode, rider_session


class ServerAndClient(RuleBasedStateMachine):
    """A server's stream as PROTOCOL.md has it, a link that breaks at any moment, and a client that must end up right.

    What the client holds is a table of the latest message by bell; a snapshot replaces it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.session = rider_session()
        self.epochs = 0
        self.stream: list[BellMessage] = []
        self.first_kept = 0
        self.in_flight: list[bytes] = []
        self.held: dict[str, int] = {}
        self.waiting: list[Delivered[ToRider]] = []
        self.handled: list[tuple[str | None, int]] = []
        self.up = False
        self.new_epoch()

    @initialize()
    def begin(self) -> None:
        self.connect()

    def new_epoch(self) -> None:
        self.epochs += 1
        self.stream = []
        self.first_kept = 0

    @property
    def epoch(self) -> str:
        return f"e{self.epochs}"

    def latest(self, after: int) -> list[BellMessage]:
        """Messages after a number, of each bell only the newest."""
        newest = {m.bell_id: m for m in self.stream if m.seq > after}
        return sorted(newest.values(), key=lambda m: m.seq)

    @precondition(lambda self: not self.up)
    @rule()
    def connect(self) -> None:
        hello = msgspec.json.decode(self.session.hello("t", now_s=0.0))
        resume = hello.get("resume")
        last = len(self.stream)
        recovered = resume is not None and resume["epoch"] == self.epoch and self.first_kept <= resume["seq"] <= last
        snapshot = None if recovered else RiderSnapshot(bells=self.latest(0))
        frames: list[Message] = [
            RiderWelcome(
                epoch=self.epoch, seq=last, recovered=recovered, server_at_ms=0, heartbeat_s=10, snapshot=snapshot
            )
        ]
        frames += self.latest(resume["seq"]) if recovered and resume else []
        self.in_flight = [encode(frame) for frame in frames]
        self.up = True

    @rule(bell_id=st.sampled_from(["bell-aaaa", "bell-bbbb", "bell-cccc"]))
    def decide(self, bell_id: str) -> None:
        message = bell(len(self.stream) + 1, bell_id, at_ms=len(self.stream))
        self.stream.append(message)
        if self.up:
            self.in_flight.append(encode(message))

    @precondition(lambda self: self.up and self.in_flight)
    @rule(count=st.integers(1, 4))
    def arrive(self, count: int) -> None:
        for frame in self.in_flight[:count]:
            happened = self.session.received(frame, now_s=0.0)
            assert not isinstance(happened, Lost), "nothing is lost on a link that is in order"
            if isinstance(happened, Welcomed):
                if not happened.resumed:
                    assert isinstance(happened.welcome, RiderWelcome)
                    assert happened.welcome.snapshot is not None
                    self.held = {m.bell_id: m.seq for m in happened.welcome.snapshot.bells}
            elif isinstance(happened, Delivered):
                self.waiting.append(happened)
        self.in_flight = self.in_flight[count:]

    @precondition(lambda self: self.waiting)
    @rule(count=st.integers(1, 4))
    def handle(self, count: int) -> None:
        for delivered in self.waiting[:count]:
            assert isinstance(delivered.message, BellMessage)
            assert delivered.seq is not None
            if not delivered.again:
                self.handled.append((self.session.epoch, delivered.seq))
                self.held[delivered.message.bell_id] = delivered.seq
            ack = self.session.taken(delivered.seq)
            if ack is not None:
                assert msgspec.json.decode(ack)["seq"] <= len(self.stream)
        self.waiting = self.waiting[count:]

    @precondition(lambda self: self.up)
    @rule()
    def break_link(self) -> None:
        """Frames in flight and frames not handled are gone, as when the reader's task ends."""
        self.in_flight, self.waiting, self.up = [], [], False
        self.session.closed(None, now_s=0.0)

    @precondition(lambda self: not self.up)
    @rule()
    def server_begins_anew(self) -> None:
        self.new_epoch()

    @precondition(lambda self: not self.up)
    @rule()
    def server_forgets_old_frames(self) -> None:
        self.first_kept = len(self.stream)

    @invariant()
    def nothing_is_handled_twice(self) -> None:
        assert len(set(self.handled)) == len(self.handled)

    def teardown(self) -> None:
        if not self.up:
            self.connect()
        while self.in_flight:
            self.arrive(4)
        while self.waiting:
            self.handle(4)
        assert self.held == {m.bell_id: m.seq for m in self.latest(0)}
        assert self.session.taken_seq == len(self.stream)


TestServerAndClient = ServerAndClient.TestCase
