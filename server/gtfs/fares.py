"""The fares of a GTFS feed as a tariff, whichever of the two models it has. Level 3 of the importer."""

import re
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from server.core.fares.tariff import Source, Words, ZoneTariff
from server.gtfs import tables
from server.gtfs.archive import FeedArchive
from server.gtfs.fares_v1 import FILES_V1, FareTables, read_v1
from server.gtfs.fares_v2 import FILES_V2, LEG_RULES, read_v2
from server.gtfs.money import minor_digits
from server.gtfs.problems import FeedError, ProblemLog

FILES = (tables.AGENCY, tables.FEED_INFO, tables.ROUTES, tables.STOPS, tables.CALENDAR, tables.CALENDAR_DATES)


@dataclass(frozen=True, slots=True, eq=False)
class ImportedFares:
    """What came of a feed."""

    tariff: ZoneTariff
    problems: ProblemLog
    rows: dict[str, int]


def read_fares(path: Path, name: str | None = None) -> ImportedFares:
    """Read a feed's fares: the second model where it has one. Raises FeedError when there is none that can be used."""
    problems = ProblemLog()
    with FeedArchive(path, (*FILES, *FILES_V1, *FILES_V2), problems) as feed:
        head = tables.read_head(feed)
        routes, stops, stations = _read_places(feed)
        if feed.size(LEG_RULES):
            fares = read_v2(feed, routes, stations, tables.read_services(feed))
        else:
            fares = read_v1(feed, routes, stops)
        if not fares.rules:
            raise FeedError("no_fares", file=path.name)
    return ImportedFares(_tariff(fares, head, path, name), problems, feed.rows)


def _read_places(feed: FeedArchive) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Read the network of each route, the zone of each stop, and the station of each stop."""
    routes = {
        route_id.strip(): network.strip()
        for _, (route_id, network) in feed.select(tables.ROUTES, "route_id network_id?")
        if route_id.strip()
    }
    zones: dict[str, str] = {}
    stations: dict[str, str] = {}
    for line, row in feed.select(tables.STOPS, "stop_id zone_id? parent_station?"):
        stop_id, zone, station = (text.strip() for text in row)
        if not stop_id:
            feed.problems.add(tables.STOPS, line, "no_id", column="stop_id")
            continue
        zones[stop_id], stations[stop_id] = zone, station
    return routes, zones, stations


def _tariff(fares: FareTables, head: tables.Head, path: Path, name: str | None) -> ZoneTariff:
    with path.open("rb") as file:
        feed_hash = file_digest(file, "sha256").hexdigest()
    about = f"{head.agency_name}, GTFS feed {head.version or '-'}, sha256 {feed_hash}"
    return ZoneTariff(
        name=name or _named(path),
        version=1,
        title=Words(ko=head.agency_name, en=head.agency_name),
        currency=fares.currency,
        minor_digits=minor_digits(fares.currency),
        timezone=head.timezone,
        sources={"feed": Source(title=about[:200])},
        classes=fares.classes,
        fares=fares.fares,
        rules=tuple(fares.rules),
        zones=fares.zones,
        networks=fares.networks,
        timeframes=fares.timeframes,
        transfers=tuple(fares.transfers),
        empty=fares.empty,
    )


def _named(path: Path) -> str:
    """Make a tariff's name of a file's: letters, digits, points, dashes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")[:64] or "feed"
