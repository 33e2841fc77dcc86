"""Tables and maps for other programs: CSV (RFC 4180, with a byte order mark), GeoJSON (RFC 7946), TIDES. Above the ports.

Korean spreadsheets read UTF-8 only behind a byte order mark, so every CSV begins with one. The TIDES table follows
https://tides-transit.org (spec/stop_visits.schema.json): names, types and order of its fields; what we do not know is
left empty, which the schema reads as missing.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from server.core.model import RouteId, StopId, StopVisit, TripId, VisitOutcome
from server.core.network import Network
from server.evidence import Asked, Life, PassBy, Tally
from server.figures import hour_of_day, merged, percentiles
from server.ports import Analysis

BOM = "\ufeff"
Cell = str | int | float | bool | None
Named = Callable[[str], str]
"""What an id is called."""
Table = Literal[
    "bells.csv", "routes.csv", "stops.csv", "hours.csv", "passbys.csv", "stop_visits.csv", "passbys.geojson", "stops.geojson"
]  # fmt: skip
PASSBYS_MAX = 20_000
"""Pass-bys in one file: a province's month."""

LIFE_COLUMNS = (
    "bell", "kind", "route_id", "route_name", "stop_id", "stop_name", "rung_at", "assigned_at", "shown_at",
    "acknowledged_at", "arrived_at", "ended_at", "state", "attempts", "passed", "declined", "party", "needs",
    "vehicle_id", "reason", "ring_to_shown_s",
)  # fmt: skip
PASSBY_COLUMNS = (
    "id", "at", "route_id", "route_name", "stop_id", "stop_name", "stop_sequence", "lat", "lon", "vehicle_id", "trip_id",
    "bells", "party", "needs", "visit", "confidence", "stood_s", "reason", "reported",
)  # fmt: skip
TALLY_COLUMNS = (
    "group", "name", "from", "to", "bells", "open", "served", "boarded", "alighted", "cancelled", "expired", "refused",
    "passed_bells", "passbys", "declines", "ring_to_shown_count", "ring_to_shown_p50_s", "ring_to_shown_p95_s",
    "ring_to_shown_p99_s",
)  # fmt: skip
TIDES_COLUMNS = (
    "service_date", "trip_id_performed", "stop_sequence", "pattern_id", "vehicle_id", "dwell", "stop_id",
    "schedule_arrival_time", "schedule_departure_time", "actual_arrival_time", "actual_departure_time", "distance",
    "schedule_relationship",
)  # fmt: skip
"""The fields of TIDES `stop_visits` that we can fill, in the order of its schema."""


class Names:
    """What routes and stops are called. An id that the network does not know any more stands for itself."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def route(self, route_id: str) -> str:
        """What is written on the bus."""
        route = self._network.routes.get(RouteId(route_id))
        return route.name if route is not None else route_id

    def stop(self, stop_id: str) -> str:
        """What is written on the pole."""
        stop = self._network.stops.get(StopId(stop_id))
        return stop.name if stop is not None else stop_id

    def place(self, stop_id: str) -> tuple[float, float] | None:
        """Where a stop is, (lat, lon) in degrees."""
        stop = self._network.stops.get(StopId(stop_id))
        return (round(stop.lat, 6), round(stop.lon, 6)) if stop is not None else None


async def table_text(table: Table, asked: Asked, analysis: Analysis, network: Network) -> Iterable[str]:
    """Give a table's text in pieces. Rows of `bells.csv` and `stop_visits.csv` are read as the pieces are taken."""
    names, zone = Names(network), ZoneInfo(network.timezone)
    match table:
        case "bells.csv":
            return csv_text(LIFE_COLUMNS, life_rows(analysis.each_life(asked), names, zone))
        case "stop_visits.csv":
            visits = analysis.each_visit(from_ms=asked.from_ms, to_ms=asked.to_ms)
            return csv_text(TIDES_COLUMNS, tides_rows(visits, network))
        case "passbys.csv" | "passbys.geojson":
            passbys = list(reversed(await analysis.passbys(asked, limit=PASSBYS_MAX)))
            if table == "passbys.csv":
                return csv_text(PASSBY_COLUMNS, passby_rows(passbys, names, zone))
            return (geojson(passby_features(passbys, names, zone)),)
        case "stops.geojson":
            return (geojson(stop_features(await analysis.tallies(asked, "stop"), names)),)
        case "routes.csv":
            return _tally_text(await analysis.tallies(asked, "route"), names.route, asked, zone)
        case "stops.csv":
            return _tally_text(await analysis.tallies(asked, "stop"), names.stop, asked, zone)
        case "hours.csv":
            hours = merged(await analysis.tallies(asked, "hour"), lambda tally: hour_of_day(tally, zone))
            return _tally_text(hours, lambda key: f"{key}:00", asked, zone)


def _tally_text(tallies: Iterable[Tally], name: Named, asked: Asked, zone: ZoneInfo) -> Iterator[str]:
    rows = tally_rows(tallies, name, zone, from_ms=asked.from_ms, to_ms=asked.to_ms)
    return csv_text(TALLY_COLUMNS, rows)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    r"""Lines of a CSV, header first, CR LF after each; quotes where a cell needs them. None is empty.

    >>> "".join(csv_text(["a", "b"], [[None, 'x "y", z']]))
    '\ufeffa,b\r\n,"x ""y"", z"\r\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
        if buffer.tell() > 32_768:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _safe(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula gets an apostrophe (OWASP: CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def instant(at_ms: int | None, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the zone's offset, to the second; empty for no instant.

    >>> instant(1_795_143_600_000, ZoneInfo("Asia/Seoul"))
    '2026-11-20T12:00:00+09:00'
    """
    return None if at_ms is None else datetime.fromtimestamp(at_ms // 1000, zone).isoformat()


def life_rows(lives: Iterable[Life], names: Names, zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    """One row a bell, in the order of `LIFE_COLUMNS`."""
    for life in lives:
        waited_s = None if life.shown_ms is None else (life.shown_ms - life.rung_ms) / 1000
        stamps = (life.rung_ms, life.assigned_ms, life.shown_ms, life.acknowledged_ms, life.arrived_ms, life.ended_ms)
        yield (
            life.handle, life.kind.value, life.route_id, names.route(life.route_id), life.stop_id,
            names.stop(life.stop_id), *(instant(at_ms, zone) for at_ms in stamps), life.state.value, life.attempts,
            life.passed, life.declined, life.party, " ".join(life.needs), life.vehicle_id,
            None if life.reason is None else life.reason.value, waited_s,
        )  # fmt: skip


def tally_rows(
    tallies: Iterable[Tally], name: Named, zone: ZoneInfo, *, from_ms: int, to_ms: int
) -> Iterator[Sequence[Cell]]:
    """One row a group, in the order of `TALLY_COLUMNS`; each says of when it is."""
    for tally in tallies:
        spread = percentiles(tally.ring_to_shown_ms)
        ends = [tally.by_state.get(s, 0) for s in ("served", "boarded", "alighted", "cancelled", "expired", "refused")]
        yield (
            tally.key, name(tally.key), instant(from_ms, zone), instant(to_ms, zone), tally.bells, tally.open, *ends,
            tally.passed_bells, tally.passbys, tally.declines, len(tally.ring_to_shown_ms),
            *(None if spread is None else round(ms / 1000, 3) for ms in spread or (0.0, 0.0, 0.0)),
        )  # fmt: skip


def passby_rows(passbys: Iterable[PassBy], names: Names, zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    """One row a pass-by, in the order of `PASSBY_COLUMNS`."""
    for one in passbys:
        lat, lon = names.place(one.stop_id) or (None, None)
        visit = one.visit
        yield (
            str(one.n), instant(one.at_ms, zone), one.route_id, names.route(one.route_id), one.stop_id,
            names.stop(one.stop_id), one.stop_sequence, lat, lon, one.vehicle_id, one.trip.trip_id, len(one.handles),
            one.party, " ".join(one.needs), None if visit is None else visit.outcome.value,
            None if visit is None else visit.confidence, None if visit is None else visit.stood_s,
            None if one.reason is None else one.reason.value, bool(one.reports),
        )  # fmt: skip


def geojson(features: Iterable[tuple[tuple[float, float], Mapping[str, Cell]]]) -> str:
    """A FeatureCollection of points given as (lat, lon) with properties.

    >>> json.loads(geojson([((37.0, 127.0), {"bells": 2})]))["features"][0]["geometry"]["coordinates"]
    [127.0, 37.0]
    """
    points = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": dict(properties)}
        for (lat, lon), properties in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": points}, ensure_ascii=False) + "\n"


def passby_features(
    passbys: Iterable[PassBy], names: Names, zone: ZoneInfo
) -> Iterator[tuple[tuple[float, float], Mapping[str, Cell]]]:
    """Pass-bys at their stops."""
    for one, row in zip(several := list(passbys), passby_rows(several, names, zone), strict=True):
        place = names.place(one.stop_id)
        if place is not None:
            yield place, {k: v for k, v in zip(PASSBY_COLUMNS, row, strict=True) if k not in ("lat", "lon")}


def stop_features(tallies: Iterable[Tally], names: Names) -> Iterator[tuple[tuple[float, float], Mapping[str, Cell]]]:
    """Stops with what became of their bells."""
    for tally in tallies:
        place = names.place(tally.key)
        if place is not None:
            counts = {"bells": tally.bells, "passed_bells": tally.passed_bells, "passbys": tally.passbys}
            yield place, {"stop_id": tally.key, "name": names.stop(tally.key), **counts, "open": tally.open}


# -- TIDES ---------------------------------------------------------------------


def tides_rows(visits: Iterable[StopVisit], network: Network) -> Iterator[Sequence[Cell]]:
    """Rows of TIDES `stop_visits`. A stop passed has a dwell of 0; a visit that nobody saw is `Missing data`.

    `Skipped` is not used: in GTFS-realtime it says that a stop was taken from the timetable.
    """
    zone = ZoneInfo(network.timezone)
    for visit in visits:
        date, known = visit.trip.start_date, _scheduled(visit, network)
        yield (
            f"{date[:4]}-{date[4:6]}-{date[6:]}", visit.trip.trip_id, visit.stop_sequence,
            None if known is None else known.pattern_id, visit.vehicle_id,
            None if visit.outcome is VisitOutcome.UNKNOWN else round(visit.stood_s), visit.stop_id,
            None if known is None else instant(known.arrival_ms, zone),
            None if known is None else instant(known.departure_ms, zone),
            instant(visit.arrived_ms, zone), instant(visit.departed_ms, zone),
            None if known is None else known.from_last_m, _RELATIONSHIP[visit.outcome],
        )  # fmt: skip


_RELATIONSHIP = {
    VisitOutcome.STOPPED: "Scheduled",
    VisitOutcome.PASSED: "Scheduled",
    VisitOutcome.UNKNOWN: "Missing data",
}


class _Scheduled(NamedTuple):
    pattern_id: str
    arrival_ms: int | None
    departure_ms: int | None
    from_last_m: int | None


def _scheduled(visit: StopVisit, network: Network) -> _Scheduled | None:
    """What the timetable says of a visit; a trip that runs by headways has no times of its own."""
    trip = network.trip(TripId(visit.trip.trip_id))
    if trip is None:
        return None
    pattern = network.pattern(trip.pattern_index)
    index = pattern.index_of.get(visit.stop_sequence)
    if index is None:
        return _Scheduled(pattern.pattern_id, None, None, None)
    before_m = pattern.visits[index - 1].along_m if index else None
    from_last_m = None if before_m is None else round(pattern.visits[index].along_m - before_m)
    if trip.headways:
        return _Scheduled(pattern.pattern_id, None, None, from_last_m)
    start_ms = network.day_start_ms(visit.trip.start_date)
    arrival_ms, departure_ms = (start_ms + int(times[index]) * 1000 for times in (trip.arrivals_s, trip.departures_s))
    return _Scheduled(pattern.pattern_id, arrival_ms, departure_ms, from_last_m)
