"""What a server counts about its own work, without a word of who or where."""

import pytest

from server.core.effects import AlertMarked, AlertRaised, BellChanged, Effect, FixRefused, Refused
from server.core.events import Event, Fix, Ring, Shown, Tick
from server.core.model import (
    Alert,
    AlertId,
    Bell,
    BellId,
    BellKind,
    BellState,
    Reason,
    RiderId,
    RouteId,
    Stage,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.telemetry import Latency, Telemetry

BUS = VehicleId("bus")
FIX = Fix(BUS, 0, 0, 37.0, 127.0)
RING = Ring(BellId("b"), RiderId("r"), BellKind.BOARD, StopId("s"))
ALERT = Alert(
    alert_id=AlertId("a"),
    vehicle_id=BUS,
    trip=TripKey(TripId("t"), "20261120"),
    stop_id=StopId("s"),
    stop_sequence=1,
    stop_name="",
    stage=Stage.AHEAD,
    boarding=1,
    alighting=0,
    needs=(),
    distance_m=100.0,
    eta_s=10.0,
    valid_until_along_m=130.0,
    at_ms=1_000,
)


def bell(state: BellState, changed_ms: int = 0) -> BellChanged:
    return BellChanged(
        Bell(
            BellId("b"),
            RiderId("r"),
            BellKind.BOARD,
            StopId("s"),
            RouteId("10"),
            state,
            rung_ms=0,
            changed_ms=changed_ms,
        )
    )


def counted(*said: tuple[Event, list[Effect]], now_ms: int = 3_000) -> Telemetry:
    telemetry = Telemetry(window=100)
    for event, effects in said:
        telemetry.count(event, effects, waited_ms=2.5, now_ms=now_ms)
    return telemetry


def test_no_samples_are_no_percentiles() -> None:
    assert Latency(3).percentiles() == {"p50": None, "p95": None, "p99": None}


def test_percentiles_are_of_the_latest_samples_and_sums_of_all() -> None:
    latency = Latency(window=100)
    for ms in [9_999.0] * 50 + [float(ms) for ms in range(101)][1:]:
        latency.add(ms, 0)
    assert latency.percentiles() == {"p50": 50.5, "p95": 95.05, "p99": 99.01}
    assert (latency.count, latency.total_ms) == (150, 50 * 9_999.0 + 5_050.0)


def test_figures_say_of_how_many_samples_and_how_long_ago_the_first_was() -> None:
    latency = Latency(window=2)
    assert latency.figures(5_000) == {"p50": None, "p95": None, "p99": None, "n": 0.0, "window_s": None}
    for at_ms in (1_000, 2_000, 3_000):
        latency.add(4.0, at_ms)
    assert latency.figures(5_000) == {"p50": 4.0, "p95": 4.0, "p99": 4.0, "n": 2.0, "window_s": 3.0}


def test_a_fix_is_taken_or_refused_by_its_reason() -> None:
    telemetry = counted(
        (FIX, []), (FIX, [FixRefused(0, BUS, Reason.FIX_STALE)]), (FIX, [FixRefused(0, BUS, Reason.FIX_STALE)])
    )
    assert (telemetry.fixes_taken, telemetry.fixes_refused) == (1, {Reason.FIX_STALE: 2})


def test_bells_are_counted_by_each_state_they_reach() -> None:
    telemetry = counted(
        (RING, [bell(BellState.WAITING), bell(BellState.ASSIGNED)]),
        (RING, [Refused(Reason.TOO_LATE, "b")]),
        (FIX, [bell(BellState.PASSED), bell(BellState.ASSIGNED)]),
    )
    assert telemetry.bells == {BellState.WAITING: 1, BellState.ASSIGNED: 2, BellState.PASSED: 1}
    assert (telemetry.passbys, telemetry.refused) == (1, {Reason.TOO_LATE: 1})
    assert telemetry.ring_to_answer.count == 2


@pytest.mark.parametrize(
    ("event", "effect", "which", "ms"),
    [
        (FIX, AlertRaised(ALERT), "fix_to_alert", 2.5),
        (RING, AlertRaised(ALERT), "fix_to_alert", None),
        (Shown(BUS, ALERT.alert_id, 0), AlertMarked(ALERT), "alert_to_shown", 2_000.0),
        (Tick(), AlertMarked(ALERT), "alert_to_shown", None),
        (Shown(BUS, ALERT.alert_id, 0), bell(BellState.SHOWN, changed_ms=700), "ring_to_shown", 700.0),
        (FIX, bell(BellState.ARRIVED), "ring_to_shown", None),
    ],
)
def test_latencies_belong_to_what_caused_them(event: Event, effect: Effect, which: str, ms: float | None) -> None:
    latency: Latency = getattr(counted((event, [effect])), which)
    assert latency.percentiles()["p50"] == ms


def test_a_clock_that_went_back_makes_no_negative_latency() -> None:
    telemetry = counted((Shown(BUS, ALERT.alert_id, 0), [AlertMarked(ALERT)]), now_ms=0)
    assert telemetry.alert_to_shown.total_ms == 0.0
