"""Bodies of what pages draw a network from: the map as columns of integers, a route as a line of stops. Protocol level."""

import msgspec

from server.protocol.messages import Message


class OutlineRoute(Message, omit_defaults=False, kw_only=True):
    """A route by name."""

    route_id: str
    name: str
    agency_id: str


class OutlineLine(Message, omit_defaults=False, kw_only=True):
    """One pattern's way. `route`: index into `routes`.

    `path_e5`: latitude and longitude of the first point in degrees × 100,000, then the differences to each next point.
    """

    route: int
    direction_id: int | None
    path_e5: list[int]


class OutlineStops(Message, omit_defaults=False, kw_only=True):
    """All stops, by column: the same place in each list is the same stop. Degrees × 100,000."""

    stop_id: list[str]
    name: list[str]
    lat_e5: list[int]
    lon_e5: list[int]


class Tiles(Message, omit_defaults=False, kw_only=True):
    """Where pictures of streets come from: `url` has `{z}`, `{x}`, `{y}` (Web Mercator, 256 pixels)."""

    url: str
    attribution: str


class Outline(Message, omit_defaults=False, kw_only=True):
    """The whole network, small enough for a page: lines may be off by `tolerance_m`."""

    feed_version: str
    tolerance_m: float
    routes: list[OutlineRoute]
    lines: list[OutlineLine]
    stops: OutlineStops
    tiles: Tiles | None


class StripStop(Message, omit_defaults=False, kw_only=True):
    """A stop of a strip. `run_s`: seconds from the first stop, as the pattern's middle trip is planned."""

    stop_id: str
    stop_sequence: int
    name: str
    along_m: float
    run_s: int


class StripPattern(Message, omit_defaults=False, kw_only=True):
    """One way of a route. `trips`: how many are planned today; `headway_s`: the middle gap between departures about now."""

    pattern_id: str
    direction_id: int | None
    headsign: str
    length_m: float
    trips: int
    headway_s: int | None
    stops: list[StripStop]


class Strip(Message, omit_defaults=False, kw_only=True):
    """A route drawn as lines of stops; the way with most trips first."""

    route_id: str
    name: str
    at_ms: int
    patterns: list[StripPattern]


SCHEMAS: tuple[type[msgspec.Struct], ...] = (Outline, Strip)
"""What the document of the HTTP interface describes of these."""
