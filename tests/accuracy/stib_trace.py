"""Brussels' tram 55 on a measured day, as a recording with its truth: which tram a report is of, by the stop it names.

Reports carry no vehicle, only the stop passed last and the metres since: a report belongs to the journey that had
reached that stop and not yet the next. The feed is four weeks younger than the day, so the day is moved there (same
weekday, same local time), and each journey runs as the planned trip of its stops that departs next to it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from server.core.network import Network, Pattern, Trip
from server.protocol.decisions import StopVisitLine
from tests.accuracy.real_traces import Line, network_of, rows_of

DATE = "20250415"
MOVED_S = 28 * 86_400 - 3_600
"""From 18 March to 15 April, at the same local time: summer time began between them."""
NEAR_PLAN_S = 3_000.0
"""A journey without a planned trip within this is left out (the plan is another month's)."""
TAKEN_S = 600.0
"""How much farther off a trip counts that already has a journey: some measured journeys are planned in neither month."""
LAST_STAND_S = 20.0
UNSEEN_S = 300.0
PERIOD_S = 20.0


class Call(NamedTuple):
    """A journey at a stop; times in epoch seconds, moved, None where unknown."""

    sequence: int
    stop: str
    arrived_s: float | None
    departed_s: float | None
    observed: bool


class Journey(NamedTuple):
    """A journey, and the planned trip it runs as; its calls begin at the visit `first`."""

    vehicle_id: str
    calls: Sequence[Call]
    trip: Trip
    pattern: Pattern
    first: int


def stib(data: Path) -> tuple[Network, list[Line], list[StopVisitLine]]:
    """The network, the day's recording, and the measured arrivals."""
    folder = data / "stib_tram55_2025"
    network = network_of(folder / "gtfs.zip")
    reports: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows_of(folder / "vehicle_distance_20250318.csv"):
        reports[_digits(row["point"])].append((int(row["ts"]) + MOVED_S, float(row["dist"])))
    for of_stop in reports.values():
        of_stop.sort()
    lines: list[Line] = []
    truth: list[StopVisitLine] = []
    for journey in _journeys(network, folder):
        lines += _lines(network, journey, reports)
        truth += _truth(journey)
    return network, sorted(lines, key=lambda line: line["at_ms"]), truth


def _journeys(network: Network, folder: Path) -> Iterator[Journey]:
    calls: dict[str, list[Call]] = defaultdict(list)
    for row in rows_of(folder / "stop_events_20250318.csv"):
        times_s = _epoch_s(row["arrival_time"]), _epoch_s(row["departure_time"])
        stop = Call(int(row["stop_sequence"]), _digits(row["stop_id"]), *times_s, row["observed"] == "True")
        calls[row["journey_id"]].append(stop)
    taken: set[str] = set()
    for name, row_of_calls in sorted(calls.items()):
        found = _planned(network, sorted(row_of_calls), taken)
        if found is not None:
            taken.add(found[0].trip_id)
            yield Journey(f"tram {name}", sorted(row_of_calls), *found)


def _planned(network: Network, calls: Sequence[Call], taken: set[str]) -> tuple[Trip, Pattern, int] | None:
    """The trip that calls at these stops in a row and departs nearest to when the journey did."""
    began_s = calls[0].departed_s or calls[0].arrived_s
    if began_s is None:
        return None
    stops, day_s = [call.stop for call in calls], network.day_start_ms(DATE) / 1000
    best: tuple[float, Trip, Pattern, int] | None = None
    for pattern in map(network.pattern, range(network.pattern_count)):
        names = [_digits(visit.stop_id) for visit in pattern.visits]
        first = names.index(stops[0]) if stops[0] in names else len(names)
        if names[first : first + len(stops)] != stops:
            continue
        for trip in filter(None, map(network.trip, network.trips_of_pattern(pattern.index))):
            off_s = abs(day_s + float(trip.departures_s[first]) - began_s) + TAKEN_S * (trip.trip_id in taken)
            if network.service_active(trip.service_id, DATE) and (best is None or off_s < best[0]):
                best = off_s, trip, pattern, first
    return best[1:] if best is not None and best[0] <= NEAR_PLAN_S else None


def _lines(network: Network, journey: Journey, reports: dict[str, list[tuple[float, float]]]) -> Iterator[Line]:
    """Sign-on, a fix for each report that goes forward, sign-off."""
    who: Line = {"vehicle_id": journey.vehicle_id}
    last_s, last_m = 0.0, -1.0
    for at_s, along_m in sorted(_places(journey, reports)):
        if along_m < last_m or at_s <= last_s:
            continue
        if last_m < 0.0:
            run = {"trip_id": journey.trip.trip_id, "start_date": DATE}
            yield {"at_ms": round(1000 * at_s) - 1, "type": "sign_on"} | who | run
        last_s, last_m = at_s, along_m
        lat, lon = network.frame.to_lat_lon(*journey.pattern.path.at(along_m))
        yield {"at_ms": round(1000 * at_s), "type": "fix", "lat": float(lat), "lon": float(lon)} | who
    if last_m >= 0.0:
        yield {"at_ms": round(1000 * (last_s + 60)), "type": "sign_off"} | who


def _places(journey: Journey, reports: dict[str, list[tuple[float, float]]]) -> Iterator[tuple[float, float]]:
    visits = journey.pattern.visits[journey.first :]
    for index, call in enumerate(journey.calls):
        began_s = call.arrived_s if call.arrived_s is not None else (call.departed_s or 0.0) - PERIOD_S
        left_s = call.departed_s if call.departed_s is not None else began_s
        following = journey.calls[index + 1] if index + 1 < len(journey.calls) else None
        until_s = left_s + (LAST_STAND_S if following is None else UNSEEN_S)
        if following is not None and following.arrived_s is not None:
            until_s = following.arrived_s
        gap_m = visits[index + 1].along_m - visits[index].along_m if index + 1 < len(visits) else 0.0
        of_stop = reports[call.stop]
        for at_s, since_m in of_stop[bisect_left(of_stop, (began_s - 5.0,)) : bisect_left(of_stop, (until_s + 5.0,))]:
            if since_m <= gap_m + 30.0 and (since_m > 0.0 or at_s <= left_s + PERIOD_S):
                yield at_s, visits[index].along_m + min(since_m, gap_m)


def _truth(journey: Journey) -> Iterator[StopVisitLine]:
    for visit, call in zip(journey.pattern.visits[journey.first :], journey.calls, strict=False):
        if call.observed and call.arrived_s is not None:
            at_ms = round(1000 * call.arrived_s)
            yield StopVisitLine(
                at_ms=at_ms,
                vehicle_id=journey.vehicle_id,
                trip_id=journey.trip.trip_id,
                stop_sequence=visit.stop_sequence,
                arrived_ms=at_ms,
            )


def _epoch_s(text: str) -> float | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() + MOVED_S if text else None


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
