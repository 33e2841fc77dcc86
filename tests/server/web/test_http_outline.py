"""The network as pages draw it: the whole as columns of integers, a route as a strip of stops."""

import gzip
from itertools import accumulate
from pathlib import Path

import msgspec
import pytest

from server.protocol.schema_outline import Outline, Strip
from server.web.security import headers_with
from tests.server.web.web_world import STOPS, Running, place, running, stop_id, stop_x

E5 = 100_000


async def test_the_outline_holds_every_line_and_stop(server: Running) -> None:
    answer = await server.http.get("/v1/outline")
    outline = msgspec.json.decode(answer.content, type=Outline)
    assert [(route.route_id, route.name, route.agency_id) for route in outline.routes] == [("10", "10", "A")]
    assert outline.stops.stop_id == [stop_id(i) for i in range(STOPS)]
    assert outline.stops.lon_e5[2] == round(place(stop_x(2), -6.0)[1] * E5)
    (line,) = outline.lines
    assert (line.route, line.direction_id) == (0, 0)
    assert len(line.path_e5) == 4, "a straight street is its two ends"
    lons = list(accumulate(line.path_e5[1::2]))
    assert lons == [round(lon * E5) for lon in (place(0.0)[1], place(stop_x(STOPS - 1) + 200.0)[1])]
    assert outline.tiles is None


async def test_a_page_that_has_the_outline_gets_it_no_second_time(server: Running) -> None:
    first = await server.http.get("/v1/outline")
    assert first.headers["content-encoding"] == "gzip"
    again = await server.http.get("/v1/outline", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await server.http.get("/v1/outline", headers={"accept-encoding": "identity"})
    assert plain.content == first.content
    assert len(gzip.compress(plain.content)) < len(plain.content)


async def test_pictures_of_streets_come_only_from_where_the_operator_says(tmp_path: Path) -> None:
    url = "https://tiles.example/{z}/{x}/{y}.png"
    async with running(tmp_path, tiles_url=url, tiles_attribution="© somebody") as server:
        answer = await server.http.get("/v1/outline")
        found = msgspec.json.decode(answer.content, type=Outline).tiles
        assert found is not None
        assert (found.url, found.attribution) == (url, "© somebody")
        assert answer.headers["content-security-policy"].endswith("connect-src 'self' https://tiles.example")
    assert "connect-src" not in headers_with("")["content-security-policy"]


async def test_a_strip_has_the_pace_and_the_headway_of_the_timetable(server: Running) -> None:
    strip = msgspec.json.decode((await server.http.get("/v1/strips/10")).content, type=Strip)
    (pattern,) = strip.patterns
    assert (strip.route_id, strip.name, pattern.headsign) == ("10", "10", "동쪽")
    assert (pattern.trips, pattern.headway_s) == (24, 300)
    assert [stop.run_s for stop in pattern.stops] == [68 * i for i in range(STOPS)]
    assert pattern.stops[-1].along_m == pytest.approx(stop_x(STOPS - 1), abs=5.0)
    assert strip.at_ms == pytest.approx(server.now_ms(), abs=10_000)


async def test_an_unknown_route_has_no_strip(server: Running) -> None:
    unknown = await server.http.get("/v1/strips/nothing")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "unknown_route")
