"""A client that comes back continues exactly where it left off, or is told to begin anew."""

import pytest
from hypothesis import given, strategies as st

from server.core.model import RiderId, VehicleId
from server.ports import Outgoing
from server.streams import KEPT_PER_STREAM, Attached, Streams, rider_stream, terminal_stream

EPOCH = "e1"
FRAMES_MAX = 1000
BUS = terminal_stream(VehicleId("bus"))


def message(seq: int, key: str = "", stream: str = BUS) -> Outgoing:
    return Outgoing(stream, seq, key or f"alert:{seq}", b"{}", at_ms=seq)


def kept(count: int, streams: Streams | None = None, *, keys: int = 1_000_000) -> Streams:
    """Streams that announced so many messages to one bus."""
    streams = streams or Streams(EPOCH, {}, frames_max=FRAMES_MAX)
    for _ in range(count):
        seq = streams.next_seq(BUS)
        streams.committed(message(seq, f"alert:{seq % keys}"))
    return streams


def test_each_recipient_is_counted_for_itself() -> None:
    rider = rider_stream(RiderId("bus"))
    assert rider != BUS
    streams = kept(3)
    assert [streams.next_seq(rider), streams.next_seq(rider), streams.next_seq(BUS)] == [1, 2, 4]
    assert (streams.last_seq(BUS), streams.last_seq(rider)) == (3, 0)


def test_what_the_journal_does_not_hold_yet_is_not_told() -> None:
    streams = kept(2)
    seq = streams.next_seq(BUS)
    assert streams.in_flight(BUS)
    assert streams.attach(BUS, EPOCH, 1).frames == [message(2)]
    streams.committed(message(seq))
    assert not streams.in_flight(BUS)
    assert [m.seq for m in streams.attach(BUS, EPOCH, 1).frames] == [2, 3]


def test_numbers_go_on_after_a_restart() -> None:
    streams = Streams(EPOCH, {BUS: 7}, frames_max=FRAMES_MAX)
    assert (streams.last_seq(BUS), streams.next_seq(BUS)) == (7, 8)


@pytest.mark.parametrize(
    ("epoch", "seq"),
    [(None, 0), ("another", 5), (EPOCH, 11), (EPOCH, 10**18), (None, -1)],
)
def test_another_epoch_or_a_number_never_given_is_a_new_start(epoch: str | None, seq: int) -> None:
    assert kept(10).attach(BUS, epoch, seq) == Attached(EPOCH, 10, recovered=False, frames=())


def test_who_missed_nothing_gets_nothing() -> None:
    assert kept(10).attach(BUS, EPOCH, 10) == Attached(EPOCH, 10, recovered=True, frames=[])
    assert Streams(EPOCH, {}, frames_max=FRAMES_MAX).attach(BUS, EPOCH, 0) == Attached(
        EPOCH, 0, recovered=True, frames=[]
    )


def test_who_missed_more_than_is_kept_begins_anew() -> None:
    streams = kept(KEPT_PER_STREAM + 10)
    assert not streams.attach(BUS, EPOCH, 9).recovered
    assert len(streams.attach(BUS, EPOCH, 10).frames) == KEPT_PER_STREAM


def test_only_the_latest_word_on_each_matter_is_repeated() -> None:
    """An alert that was cleared meanwhile comes back as its clear, in the place of the clear."""
    streams = Streams(EPOCH, {}, frames_max=FRAMES_MAX)
    for seq, key in enumerate(["trip", "alert:1", "alert:2", "alert:1"], start=1):
        streams.next_seq(BUS)
        streams.committed(message(seq, key))
    assert [(m.seq, m.key) for m in streams.attach(BUS, EPOCH, 0).frames] == [
        (1, "trip"),
        (3, "alert:2"),
        (4, "alert:1"),
    ]


def test_after_a_restart_frames_come_from_the_journal() -> None:
    streams = Streams(EPOCH, {BUS: 5}, frames_max=FRAMES_MAX)
    assert streams.missing_before(BUS, 3)
    assert not streams.missing_before(BUS, 5)
    assert not streams.attach(BUS, EPOCH, 3).recovered
    streams.preload(BUS, [message(4), message(5)])
    assert not streams.missing_before(BUS, 3)
    assert streams.missing_before(BUS, 2)
    assert [m.seq for m in streams.attach(BUS, EPOCH, 3).frames] == [4, 5]


def test_what_is_here_already_wins_over_what_was_read() -> None:
    streams = kept(1, Streams(EPOCH, {BUS: 5}, frames_max=FRAMES_MAX))
    newer = message(6)
    streams.preload(BUS, [message(4), message(5), Outgoing(BUS, 6, "stale", b"", at_ms=0)])
    assert streams.attach(BUS, EPOCH, 3).frames == [message(4), message(5), newer]


@given(
    before=st.integers(0, 3 * KEPT_PER_STREAM),
    after=st.integers(0, 2 * KEPT_PER_STREAM),
    seen=st.integers(0, 5 * KEPT_PER_STREAM),
    preloaded=st.booleans(),
    keys=st.integers(1, 9),
)
def test_who_is_told_to_continue_misses_nothing(before: int, after: int, seen: int, preloaded: bool, keys: int) -> None:
    streams = Streams(EPOCH, {BUS: before}, frames_max=FRAMES_MAX)
    if preloaded:
        low = max(1, before - KEPT_PER_STREAM + 1)
        streams.preload(BUS, [message(seq, f"alert:{seq % keys}") for seq in range(low, before + 1)])
    kept(after, streams, keys=keys)
    attached = streams.attach(BUS, EPOCH, seen)
    assert attached.seq == before + after
    if attached.recovered:
        latest = {seq % keys: seq for seq in range(seen + 1, before + after + 1)}
        assert [m.seq for m in attached.frames] == sorted(latest.values())
    else:
        assert attached.frames == ()
        assert seen > before + after or seen < before + after
    if preloaded and before + after - seen in range(KEPT_PER_STREAM + 1):
        assert attached.recovered


def test_memory_is_bounded_and_the_longest_unheard_goes_first() -> None:
    streams = Streams(EPOCH, {}, frames_max=100)
    riders = [rider_stream(RiderId(f"rider-{n}")) for n in range(60)]
    for stream in [*riders[:40], riders[0], *riders[40:]]:
        for _ in range(2):
            streams.committed(message(streams.next_seq(stream), stream=stream))
    missing = [stream for stream in riders if streams.missing_before(stream, 0)]
    assert missing == riders[1:12]
    assert [m.seq for m in streams.attach(riders[0], EPOCH, 0).frames] == [1, 2, 3, 4]
    assert streams.attach(riders[1], EPOCH, 0).recovered is False
    streams.preload(riders[1], [message(1, stream=riders[1]), message(2, stream=riders[1])])
    assert [m.seq for m in streams.attach(riders[1], EPOCH, 0).frames] == [1, 2]
