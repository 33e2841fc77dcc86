"""New York's labelled traces without a sign-on: who is in service, who rests, who only drives by; and a wrong sign."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from server.core.network import Network
from tests.accuracy.real_traces import Line, network_of, of_type, one_pass, rows_of

pytestmark = pytest.mark.shared
NEW_YORK = ZoneInfo("America/New_York")
NEVER_IN_SERVICE = ("trace_1379-2010-12-11T01-00-25.csv", "trace_1404-2010-12-10T03-42-49.csv")
PHASES = {
    "IN_PROGRESS": {"in_service"},
    "LAYOVER": {"layover"},
    "DEADHEAD": {"deadhead", "off_route", "unknown"},
    "AT_BASE": {"deadhead", "off_route", "unknown"},
}
"""What the label's words are in ours; a bus at its base, or between runs, is in no service of ours."""


def _tell(figure: str) -> None:
    """Show a figure to whoever runs `pytest -s`."""
    sys.stdout.write(f"{figure}\n")


def _fixes(rows: Sequence[dict[str, str]]) -> Iterator[Line]:
    """A trace as fixes; the file's times are the wall clock of New York."""
    for row in rows:
        at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=NEW_YORK)
        yield {
            "at_ms": int(at.timestamp() * 1000),
            "type": "fix",
            "vehicle_id": row["vid"],
            "lat": float(row["lat"]),
            "lon": float(row["lon"]),
        }


def _allowed(label: str) -> set[str]:
    """Phases that a label accepts: 'A+B' means either; '_BEFORE', '_DURING', '_AFTER' and '_' do not matter."""
    return set().union(*(PHASES[word] for part in label.split("+") for word in PHASES if part.startswith(word)))


def _traces(data: Path) -> Iterator[tuple[Network, str, list[dict[str, str]]]]:
    for folder in ("b63_2010", "m20_2016"):
        network = network_of(data / folder / "gtfs.zip")
        for file in sorted((data / folder).glob("trace_*.csv")):
            yield network, file.name, rows_of(file)


def test_the_phase_is_told_without_a_sign_on(shared_dir: Path) -> None:
    fixes, right = 0, 0
    wrong: Counter[tuple[str, str]] = Counter()
    for network, name, rows in _traces(shared_dir / "data" / "mta_bus_labelled"):
        positions = {line["at_ms"]: line["phase"] for line in of_type(one_pass(network, _fixes(rows)), "position")}
        said = [positions.get(fix["at_ms"], "refused") for fix in _fixes(rows)]
        good = [phase in _allowed(row["actual_phase"]) for phase, row in zip(said, rows, strict=True)]
        wrong.update((row["actual_phase"], p) for p, row, ok in zip(said, rows, good, strict=True) if not ok)
        fixes, right = fixes + len(rows), right + sum(good)
        _tell(f"  {name}: phase right in {sum(good) / len(rows):.1%} of {len(rows)} fixes")
    _tell(f"MTA, no sign-on: phase right in {right / fixes:.2%} of {fixes} fixes; wrong: {wrong.most_common(6)}")
    assert right / fixes >= 0.95


@pytest.mark.parametrize("name", NEVER_IN_SERVICE)
def test_a_bus_of_other_lines_serves_no_bell_and_visits_no_stop(shared_dir: Path, name: str) -> None:
    data = shared_dir / "data" / "mta_bus_labelled" / "b63_2010"
    network, rows = network_of(data / "gtfs.zip"), rows_of(data / name)
    lines = sorted([*_bells(network, list(_fixes(rows))), *_fixes(rows)], key=lambda line: int(line["at_ms"]))
    decisions = one_pass(network, lines)
    bells = {line["bell_id"] for line in of_type(decisions, "bell")}
    given = [line for line in of_type(decisions, "bell") if line.get("vehicle_id") is not None]
    _tell(f"{name}: {len(bells)} bells rung, {len(given)} given to the bus, 0 stop visits expected")
    assert len(bells) > 100
    assert given == []
    assert of_type(decisions, "alert") == []
    assert of_type(decisions, "stop_visit") == []


def _bells(network: Network, fixes: Sequence[Line]) -> Iterator[Line]:
    """Riders who ring at every stop of the line, every half an hour as long as the bus is seen."""
    stops = sorted({visit.stop_id for i in range(network.pattern_count) for visit in network.pattern(i).visits})
    first_ms, last_ms = fixes[0]["at_ms"], fixes[-1]["at_ms"]
    for at_ms in range(first_ms, last_ms, 1_800_000):
        for stop_id in stops:
            stop = network.stops[stop_id]
            yield {
                "at_ms": at_ms,
                "type": "ring",
                "rider": f"{stop_id}-{at_ms}",
                "bell_id": f"{stop_id}-{at_ms}",
                "kind": "board",
                "stop_id": stop_id,
                "route_id": "B63",
                "presence": {"lat": stop.lat, "lon": stop.lon, "accuracy_m": 5.0},
            }


def test_a_wrong_direction_sign_is_found(shared_dir: Path) -> None:
    data = shared_dir / "data" / "mta_bus_labelled" / "m20_2016"
    network, rows = network_of(data / "gtfs.zip"), rows_of(data / "trace_9458_flips_trip.csv")
    fixes = list(_fixes(rows))
    sign_on: Line = {"at_ms": fixes[0]["at_ms"], "type": "sign_on", "vehicle_id": rows[0]["vid"]}
    sign_on |= {"route_id": "M20", "direction_id": 1}
    positions = of_type(one_pass(network, [sign_on, *fixes]), "position")
    corrected = next(i for i, line in enumerate(positions) if line["mismatch"] and line["direction_id"] == 0)
    _tell(f"M20 9458, signed on southbound: northbound and reported from fix {corrected + 1} of {len(positions)} on")
    assert corrected <= 8
    assert all(line["mismatch"] and line["direction_id"] == 0 for line in positions[corrected:])


def test_a_right_direction_sign_is_left_alone(shared_dir: Path) -> None:
    data = shared_dir / "data" / "mta_bus_labelled" / "m20_2016"
    network, rows = network_of(data / "gtfs.zip"), rows_of(data / "trace_9458_flips_trip.csv")
    fixes = list(_fixes(rows))
    sign_on: Line = {"at_ms": fixes[0]["at_ms"], "type": "sign_on", "vehicle_id": rows[0]["vid"]}
    sign_on |= {"trip_id": "MQ_B6-Weekday-SDon-077500_M20_9", "start_date": "20160602"}
    positions = of_type(one_pass(network, [sign_on, *fixes]), "position")
    assert not any(line["mismatch"] for line in positions)
    assert {line["trip_id"] for line in positions} == {"MQ_B6-Weekday-SDon-077500_M20_9"}
