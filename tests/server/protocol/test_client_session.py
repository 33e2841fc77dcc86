"""The client's state machine: numbers, heartbeats, and when it comes back."""

import math

import msgspec
import pytest
from hypothesis import given, strategies as st

from server.protocol.messages import (
    Arrivals,
    Beat,
    Drain,
    Refused,
)
from server.protocol.session import (
    Again,
    CloseCode,
    Delivered,
    Lost,
    Pace,
    Phase,
    Stop,
    StopReason,
    Welcomed,
)
from tests.server.protocol.rider_link import bell, encode, live, rider_session, welcome


class TestHello:
    def test_first_hello_asks_for_no_resume(self) -> None:
        frame = msgspec.json.decode(rider_session().hello("tok", now_s=0.0))
        assert frame == {"type": "hello", "token": "tok", "lang": "ko"}

    def test_hello_resumes_after_what_was_handled_not_after_what_was_received(self) -> None:
        session = rider_session()
        live(session, seq=5)
        session.received(encode(bell(6)), now_s=0.0)
        session.taken(6)
        session.received(encode(bell(7)), now_s=0.0)
        session.closed(None, now_s=1.0)
        frame = msgspec.json.decode(session.hello("tok", now_s=2.0))
        assert frame["resume"] == {"epoch": "e1", "seq": 6}


class TestNumbers:
    def test_a_fresh_welcome_replaces_what_was_held(self) -> None:
        session = rider_session()
        live(session, seq=5)
        session.closed(None, now_s=1.0)
        session.hello("t", now_s=2.0)
        happened = session.received(welcome("e2", 3), now_s=2.0)
        assert isinstance(happened, Welcomed)
        assert not happened.resumed
        assert (session.epoch, session.taken_seq) == ("e2", 3)

    def test_recovered_of_another_epoch_is_not_believed(self) -> None:
        session = rider_session()
        live(session, epoch="e1", seq=5)
        session.closed(None, now_s=1.0)
        session.hello("t", now_s=2.0)
        happened = session.received(welcome("e2", 9, recovered=True), now_s=2.0)
        assert isinstance(happened, Welcomed)
        assert not happened.resumed

    def test_a_repeated_number_is_marked(self) -> None:
        session = rider_session()
        live(session)
        first = session.received(encode(bell(1)), now_s=0.0)
        second = session.received(encode(bell(1)), now_s=0.0)
        assert isinstance(first, Delivered)
        assert isinstance(second, Delivered)
        assert (first.again, second.again) == (False, True)

    def test_a_gap_on_a_live_link_is_lost_and_the_next_hello_asks_for_a_snapshot(self) -> None:
        session = rider_session()
        live(session, seq=4)
        assert session.received(encode(bell(6)), now_s=0.0) == Lost(5, 6)
        session.closed(CloseCode.NORMAL, now_s=0.0)
        assert "resume" not in msgspec.json.decode(session.hello("t", now_s=1.0))

    def test_a_resumed_link_is_spared_superseded_messages(self) -> None:
        session = rider_session()
        live(session, seq=4)
        session.closed(None, now_s=1.0)
        session.hello("t", now_s=2.0)
        session.received(welcome(seq=9, recovered=True), now_s=2.0)
        assert isinstance(session.received(encode(bell(7)), now_s=2.0), Delivered)
        assert isinstance(session.received(encode(bell(9)), now_s=2.0), Delivered)
        assert isinstance(session.received(encode(bell(11)), now_s=2.0), Lost)

    def test_messages_of_the_future_are_skipped_but_their_numbers_count(self) -> None:
        session = rider_session()
        live(session)
        assert session.received(b'{"type":"ride","seq":1,"ride_id":"x"}', now_s=0.0) is None
        assert session.received(b'{"type":"hologram"}', now_s=0.0) is None
        assert session.received(b"not json", now_s=0.0) is None
        assert session.ignored == 3
        assert isinstance(session.received(encode(bell(2)), now_s=0.0), Delivered)
        assert isinstance(session.received(b'{"type":"ride","seq":9}', now_s=0.0), Lost)

    def test_acknowledgements_are_cumulative_and_said_once(self) -> None:
        session = rider_session()
        live(session)
        session.received(encode(bell(1)), now_s=0.0)
        session.received(encode(bell(2)), now_s=0.0)
        assert msgspec.json.decode(session.taken(2) or b"") == {"type": "ack", "seq": 2, "epoch": "e1"}
        assert session.taken(1) is None
        assert session.taken(2) is None

    def test_unnumbered_messages_need_no_acknowledgement(self) -> None:
        session = rider_session()
        live(session)
        arrivals = Arrivals(stop_id="S", at_ms=0, buses=[])
        assert session.received(encode(arrivals), now_s=0.0) == Delivered(arrivals, None, again=False)
        assert session.acknowledgement() is None


class TestTime:
    def test_a_silent_client_says_a_beat_every_heartbeat(self) -> None:
        session = rider_session()
        live(session, heartbeat_s=10)
        assert not session.due(now_s=9.9).beat
        assert session.due(now_s=10.0).beat
        assert msgspec.json.decode(session.beat(now_s=10.0)) == {"type": "beat"}
        assert not session.due(now_s=19.9).beat

    def test_anything_said_puts_the_beat_off(self) -> None:
        session = rider_session()
        live(session, heartbeat_s=10)
        session.encode(Beat(), now_s=8.0)
        assert not session.due(now_s=12.0).beat
        assert session.due(now_s=18.0).beat

    def test_a_link_is_dead_after_two_and_a_half_heartbeats(self) -> None:
        session = rider_session()
        live(session, heartbeat_s=4)
        assert session.due(now_s=9.99).dead is None
        assert session.due(now_s=10.0).dead is not None

    def test_a_terminal_knows_sooner_whatever_the_heartbeat(self) -> None:
        session = rider_session(pace=Pace(silence_limit_s=4.5))
        live(session, heartbeat_s=30)
        assert not session.due(now_s=2.2).probe
        assert session.due(now_s=2.25).probe
        assert not session.due(now_s=2.5).probe, "one probe a silence"
        assert session.due(now_s=4.5).dead is not None

    def test_an_answered_probe_is_a_sign_of_life(self) -> None:
        session = rider_session(pace=Pace(silence_limit_s=4.5))
        live(session, heartbeat_s=30)
        assert session.due(now_s=2.25).probe
        session.heard(now_s=2.3)
        due = session.due(now_s=4.6)
        assert due.dead is None
        assert due.probe

    def test_a_hello_that_is_not_answered(self) -> None:
        session = rider_session(pace=Pace(welcome_s=3.0))
        session.hello("t", now_s=100.0)
        assert session.due(now_s=102.0).again_in_s == pytest.approx(1.0)
        assert session.due(now_s=103.0).dead is not None

    @given(
        heartbeat_s=st.integers(1, 60),
        limit_s=st.floats(1.0, 60.0) | st.just(math.inf),
        steps=st.lists(st.tuples(st.sampled_from(["sleep", "frame", "send"]), st.floats(0.01, 1.0)), max_size=40),
    )
    def test_followed_to_the_letter_the_clock_misses_nothing(
        self, heartbeat_s: int, limit_s: float, steps: list[tuple[str, float]]
    ) -> None:
        """Whoever looks again when told is never later than a beat or a death is due."""
        session = rider_session(pace=Pace(silence_limit_s=limit_s))
        live(session, heartbeat_s=heartbeat_s)
        now_s = heard_s = sent_s = 0.0
        limit_s = session.silence_limit_s
        for what, share in steps:
            due = session.due(now_s=now_s)
            assert (due.dead is not None) == (now_s - heard_s >= limit_s)
            if due.dead is not None:
                return
            assert due.again_in_s > 0
            if due.beat:
                session.beat(now_s=now_s)
                sent_s = now_s
            assert now_s - sent_s <= heartbeat_s * (1 + 1e-9) + 0.002
            now_s += due.again_in_s * (1.0 if what == "sleep" else share)
            if what == "frame":
                session.received(encode(Beat()), now_s=now_s)
                heard_s = now_s
            elif what == "send":
                session.encode(Beat(), now_s=now_s)
                sent_s = now_s


class TestComingBack:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (4401, StopReason.NOT_AUTHENTICATED),
            (4403, StopReason.FORBIDDEN),
            (4409, StopReason.SUPERSEDED),
        ],
    )
    def test_some_closes_are_final(self, code: int, reason: StopReason) -> None:
        session = rider_session()
        session.hello("t", now_s=0.0)
        decision = session.closed(code, now_s=0.0)
        assert isinstance(decision, Stop)
        assert decision.error.reason is reason
        assert str(code) in str(decision.error)
        assert session.phase is Phase.STOPPED

    def test_the_words_of_the_server_are_kept(self) -> None:
        session = rider_session()
        session.hello("t", now_s=0.0)
        refusal = Refused(reason="not_authenticated", message="토큰이 만료됐어요.")  # type: ignore[arg-type]
        session.received(encode(refusal), now_s=0.0)
        decision = session.closed(4401, now_s=0.0)
        assert isinstance(decision, Stop)
        assert "토큰이 만료됐어요." in str(decision.error)

    def test_a_token_that_can_be_renewed_gets_one_more_try(self) -> None:
        session = rider_session(renewable=True)
        session.hello("old", now_s=0.0)
        assert session.closed(4401, now_s=0.0) == Again(0.0)
        session.hello("new", now_s=0.0)
        assert isinstance(session.closed(4401, now_s=0.0), Stop)

    def test_a_welcome_earns_another_renewal(self) -> None:
        session = rider_session(renewable=True)
        session.hello("old", now_s=0.0)
        session.closed(4401, now_s=0.0)
        live(session)
        assert session.closed(4401, now_s=3600.0) == Again(0.0)

    def test_drain_is_honoured_with_jitter(self) -> None:
        waits = []
        for seed in range(50):
            session = rider_session(seed=seed)
            live(session)
            session.received(encode(Drain(reconnect_in_ms=4000)), now_s=10.0)
            decision = session.closed(1012, now_s=11.0)
            assert isinstance(decision, Again)
            waits.append(decision.after_s)
        assert min(waits) >= 3.0
        assert max(waits) <= 4.5
        assert max(waits) - min(waits) > 0.5

    def test_ceilings_double_up_to_the_largest_and_start_anew_once_settled(self) -> None:
        session = rider_session(pace=Pace(first_backoff_s=1.0, max_backoff_s=8.0, settled_s=10.0))

        def ceiling_s() -> float:
            """The largest of many draws is close to the ceiling."""
            attempts = session._attempts
            draws = []
            for _ in range(200):
                session._attempts = attempts
                decision = session.closed(1006, now_s=0.0)
                assert isinstance(decision, Again)
                draws.append(decision.after_s)
            return max(draws)

        assert [round(ceiling_s()) for _ in range(5)] == [1, 2, 4, 8, 8]
        live(session)
        decision = session.closed(1006, now_s=10.0)
        assert isinstance(decision, Again)
        assert decision.after_s <= 1.0

    @pytest.mark.parametrize("code", [4408, 4429])
    def test_a_crowded_server_is_given_more_time(self, code: int) -> None:
        draws = []
        for seed in range(100):
            decision = rider_session(seed=seed).closed(code, now_s=0.0)
            assert isinstance(decision, Again)
            draws.append(decision.after_s)
        assert max(draws) > 4.0

    @given(codes=st.lists(st.sampled_from([None, 1000, 1006, 1012, 4400, 4408, 4429]), max_size=60))
    def test_no_wait_is_ever_longer_than_the_largest(self, codes: list[int | None]) -> None:
        session = rider_session(pace=Pace(max_backoff_s=7.0))
        for code in codes:
            decision = session.closed(code, now_s=0.0)
            assert isinstance(decision, Again)
            assert 0.0 <= decision.after_s <= 7.0
