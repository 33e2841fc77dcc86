"""A scenario's lines as messages on the wire, what is heard as decisions, and what no socket can show."""

from typing import Any

import msgspec
import pytest

from server.core.model import Answer, BellKind, BellState, Doors, Outcome, Reason
from server.protocol import messages as wire
from server.protocol.expectations import Expectation
from server.protocol.recording import RecordedLine
from simulator.rehearsal.wire import Speech, heard, riders_of, speech, unfit, vehicles_of

AT = {"at_ms": 1000}
RING = {**AT, "type": "ring", "rider": "r", "bell_id": "bell-0001", "stop_id": "S", "route_id": "7"}
FIX = {**AT, "type": "fix", "vehicle_id": "A", "lat": 37.0, "lon": 127.0}


def line(fields: dict[str, Any]) -> RecordedLine:
    recorded: RecordedLine = msgspec.convert(fields, RecordedLine)
    return recorded


def said(fields: dict[str, Any]) -> Speech | None:
    return speech(line(fields), 3, mark="-x", nonce_of=lambda stop_id: f"code of {stop_id}")


def test_a_rider_rings_and_cancels_under_an_id_of_this_performance() -> None:
    rung = said({**RING, "party": 2, "needs": ["blind"], "presence": {"nonce": "@stop"}})
    assert rung == Speech(
        "r",
        None,
        wire.Ring(
            bell_id="bell-0001-x",
            kind=BellKind.BOARD,
            stop_id="S",
            route_id="7",
            party=2,
            needs=["blind"],  # type: ignore[list-item]  # as a line has it
            presence=wire.PresenceClaim(nonce="code of S"),
        ),
    )
    cancelled = said({**AT, "type": "cancel", "rider": "r", "bell_id": "bell-0001"})
    assert cancelled == Speech("r", None, wire.Cancel(bell_id="bell-0001-x"))


def test_a_terminal_reports_what_its_device_measured() -> None:
    fix = said({**FIX, "fixed_at_ms": 400, "speed_mps": 3.5, "doors": "open", "seats_left": 4})
    expected = wire.Fix(at_ms=400, lat=37.0, lon=127.0, speed_mps=3.5, doors=Doors.OPEN, seats_left=4)
    assert fix == Speech(None, "A", expected)
    assert said(FIX) == Speech(None, "A", wire.Fix(at_ms=1000, lat=37.0, lon=127.0))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"type": "sign_on", "trip_id": "T", "start_date": "20261120"},
            wire.SignOn(ref="line-3", trip_id="T", start_date="20261120"),
        ),
        ({"type": "sign_on", "block_id": "B"}, wire.SignOn(ref="line-3", block_id="B")),
        ({"type": "sign_off"}, wire.SignOff(ref="line-3")),
        ({"type": "shown", "alert_id": "a"}, wire.Shown(alert_id="a", at_ms=1000)),
        (
            {"type": "respond", "alert_id": "a", "answer": "full"},
            wire.Respond(ref="line-3", alert_id="a", answer=Answer.FULL),
        ),
    ],
)
def test_what_drivers_say(fields: dict[str, Any], message: wire.Message) -> None:
    assert said({**AT, "vehicle_id": "A", **fields}) == Speech(None, "A", message)


def test_a_link_and_what_needs_a_rides_id_are_not_said() -> None:
    assert said({**AT, "type": "link", "vehicle_id": "A", "up": False}) is None
    assert said({**AT, "type": "undo", "rider": "r"}) is None


def test_a_check_in_and_what_a_phone_heard_are_said() -> None:
    heard_one = {"beacon_id": "A-1", "rssi_dbm": -70, "at_ms": 5}
    sightings = said({**AT, "type": "sightings", "rider": "r", "beacons": [heard_one], "device": "pocket"})
    assert sightings is not None
    assert isinstance(sightings.message, wire.Sightings)
    assert (sightings.rider, sightings.message.device, len(sightings.message.beacons)) == ("r", "pocket", 1)
    check_in = said({**AT, "type": "check_in", "rider": "r", "vehicle_id": "A", "party": 2})
    assert check_in is not None
    assert isinstance(check_in.message, wire.CheckIn)
    assert (check_in.message.vehicle_id, check_in.message.party) == ("A", 2)


def test_a_case_that_names_a_ride_by_the_servers_id_is_not_for_sockets() -> None:
    lines = [line({**AT, "type": "undo", "rider": "r"})]
    assert unfit(lines, [], knows_nonces=True) == "it speaks of a ride whose id only the server knows"


def test_who_takes_part() -> None:
    lines = [line(FIX | {"vehicle_id": "B"}), line(FIX), line(RING | {"vehicle_id": "Z"}), line(RING | {"rider": "q"})]
    assert riders_of(lines) == ["r", "q"]
    assert vehicles_of(lines) == ["B", "A"]


def test_what_is_heard_has_the_ids_and_names_of_the_scenario() -> None:
    bell = wire.BellMessage(
        seq=1,
        bell_id="bell-0001-x",
        kind=BellKind.BOARD,
        state=BellState.WAITING,
        stop_id="S",
        stop_sequence=None,
        route_id="7",
        attempt=1,
        at_ms=900,
    )
    told = heard(bell, 1000, mark="-x", rider="r", vehicle_id=None)
    assert told is not None
    assert (told["at_ms"], told["bell_id"], told["rider"], told["state"]) == (900, "bell-0001", "r", "waiting")
    no = wire.Refused(ref="bell-0001-x", reason=Reason.NOT_AT_STOP, message="come nearer")
    refused = heard(no, 1000, mark="-x", rider="r", vehicle_id=None)
    assert refused is not None
    assert (refused["at_ms"], refused["ref"], refused["reason"]) == (1000, "bell-0001", "not_at_stop")
    clear = heard(
        wire.ClearMessage(seq=1, alert_id="a", outcome=Outcome.SERVED, at_ms=7),
        9,
        mark="-x",
        rider=None,
        vehicle_id="A",
    )
    assert clear is not None
    assert (clear["vehicle_id"], clear["at_ms"]) == ("A", 7)
    assert heard(wire.Beat(), 1000, mark="-x", rider="r", vehicle_id=None) is None


def test_what_no_socket_shows() -> None:
    bell = Expectation("here", {"type": "bell"})
    visit = Expectation("here", {"type": "stop_visit"}, 1, 1)
    assert unfit([line(FIX)], [bell], knows_nonces=False) is None
    assert "stop_visit, which no rider" in (unfit([], [bell, visit], knows_nonces=True) or "")
    assert "feed" in (unfit([line(FIX | {"trip_id": "T"})], [bell], knows_nonces=True) or "")
    coded = line({**RING, "presence": {"nonce": "@stop"}})
    assert "the server's key" in (unfit([coded], [bell], knows_nonces=False) or "")
    assert unfit([coded], [bell], knows_nonces=True) is None
