"""What is kept of a bus near a stop: metres, speed, doors; never a coordinate, never without a reason."""

import msgspec

from server.core.effects import AlertCleared, AlertRaised, FixRefused
from server.core.events import Fix, Tick
from server.core.model import (
    Alert,
    AlertId,
    Doors,
    Outcome,
    Reason,
    Stage,
    StopId,
    TripId,
    TripKey,
    VehicleId,
)
from server.evidence import Glimpse, PassageNote
from server.witness import BUSES_HELD, FIXES_HELD, PASSED_POINTS, SERVED_POINTS, Witness, thinned
from tests.server.web.web_world import DAY, place, stop_x, street

BUS = VehicleId("V1")
T0 = 1_000_000


def alert(stop: int = 3, *, bus: VehicleId = BUS, trip: str = "T1", outcome: Outcome | None = None) -> Alert:
    return Alert(
        AlertId(f"{bus}-{stop}"), bus, TripKey(TripId(trip), DAY), StopId(f"S{stop}"), stop + 1, "시장", Stage.AHEAD,
        1, 0, (), 400.0, 40.0, 900.0, T0, outcome=outcome,
    )  # fmt: skip


def fix(from_stop_m: float, second: int, **more: object) -> Fix:
    lat, lon = place(stop_x(3) + from_stop_m)
    return msgspec.structs.replace(Fix(BUS, T0, T0 + second * 1000, lat, lon, speed_mps=11.25), **more)


def over(witness: Witness, outcome: Outcome, *, after_s: int = 60, **more: object) -> list[PassageNote]:
    ended = AlertCleared(alert(outcome=outcome, **more), T0 + after_s * 1000)  # type: ignore[arg-type]
    notes = witness.see(Tick(), [ended])
    return [note for note in notes if isinstance(note, PassageNote)]


def told() -> Witness:
    witness = Witness(street())
    assert witness.see(Tick(), [AlertRaised(alert())]) == []
    return witness


def test_a_pass_by_leaves_a_profile_in_metres_from_the_stop() -> None:
    witness = told()
    for second in range(10):
        witness.see(fix(-55.0 + 11.0 * second, second, doors=Doors.CLOSED), [])
    (note,) = over(witness, Outcome.PASSED)
    assert (note.outcome, note.stop_id, note.stop_sequence) == (Outcome.PASSED, "S3", 4)
    assert [round(glimpse.from_stop_m) for glimpse in note.profile] == [-55 + 11 * i for i in range(10)]
    assert {(glimpse.speed_mps, glimpse.doors) for glimpse in note.profile} == {(11.2, Doors.CLOSED)}
    assert note.profile[0].at_ms == T0
    assert len(witness) == 0


def test_nothing_is_held_of_a_bus_whose_driver_was_told_of_nobody() -> None:
    witness = Witness(street())
    witness.see(fix(-50.0, 0), [])
    assert len(witness) == 0
    (note,) = over(witness, Outcome.SERVED)
    assert note.profile == ()


def test_a_report_that_was_refused_is_no_evidence() -> None:
    witness = told()
    witness.see(fix(-50.0, 0), [FixRefused(T0, BUS, Reason.FIX_IMPLAUSIBLE)])
    (note,) = over(witness, Outcome.PASSED)
    assert note.profile == ()


def test_an_alert_that_was_cancelled_leaves_no_note() -> None:
    witness = told()
    assert over(witness, Outcome.CANCELLED) == []
    assert len(witness) == 0


def test_a_served_stop_is_kept_in_fewer_points() -> None:
    for outcome, most in ((Outcome.SERVED, SERVED_POINTS), (Outcome.PASSED, PASSED_POINTS)):
        witness = told()
        for second in range(FIXES_HELD + 20):
            witness.see(fix(-500.0 + 5.0 * second, second), [])
        (note,) = over(witness, outcome, after_s=FIXES_HELD + 20)
        assert len(note.profile) == most
        assert [g.at_ms for g in note.profile] == sorted(g.at_ms for g in note.profile)
        assert note.profile[-1].from_stop_m > 0


def test_old_reports_and_those_beside_the_route_say_nothing_of_this_stop() -> None:
    witness = told()
    witness.see(fix(-50.0, 0), [])
    lat, lon = place(stop_x(3), 900.0)
    witness.see(Fix(BUS, T0, T0 + 300_000, lat, lon), [])
    witness.see(fix(0.0, 301, speed_mps=None), [])
    (note,) = over(witness, Outcome.PASSED, after_s=302)
    assert [(g.from_stop_m, g.speed_mps) for g in note.profile] == [(0.0, None)]


def test_a_run_or_a_stop_that_the_network_does_not_know_has_no_profile() -> None:
    for unknown in (alert(trip="gone"), msgspec.structs.replace(alert(), stop_sequence=77)):
        witness = told()
        witness.see(fix(-50.0, 0), [])
        ended = AlertCleared(msgspec.structs.replace(unknown, outcome=Outcome.PASSED), T0)
        (note,) = witness.see(Tick(), [ended])
        assert isinstance(note, PassageNote)
        assert note.profile == ()


def test_after_a_restart_live_alerts_are_watched_again() -> None:
    witness = Witness(street())
    witness.restore([alert()])
    witness.see(fix(-20.0, 0), [])
    (note,) = over(witness, Outcome.PASSED)
    assert len(note.profile) == 1


def test_memory_is_bounded() -> None:
    witness = Witness(street())
    for n in range(BUSES_HELD + 10):
        witness.see(Tick(), [AlertRaised(alert(bus=VehicleId(f"V{n}")))])
    assert len(witness) == BUSES_HELD


def test_points_near_the_stop_stay_when_a_profile_is_thinned() -> None:
    profile = [Glimpse(i, -800.0 + 10.0 * i) for i in range(100)]
    kept = thinned(profile, 20)
    assert len(kept) == 20
    assert sum(abs(g.from_stop_m) <= 60.0 for g in kept) >= 10
    assert thinned(profile[:5], 20) == tuple(profile[:5])
