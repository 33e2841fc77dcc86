"""The pages people open: a stop's QR page filled on the server, the driver's and the operator's as they are. Web level."""

import html
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from server.core.model import Reason, StopId
from server.core.network import Network, Stop
from server.protocol import messages as wire
from server.web.api_parts import Here
from server.web.errors import page_of_problem, problem, wants_page
from server.web.rest_network import calls_at
from server.web.static_files import folder_of
from server.web.words import Language, language_of

router = APIRouter(include_in_schema=False)

RIDER_PAGES = folder_of("rider_client", "web")
DRIVER_PAGES = folder_of("driver_terminal", "web")
OPS_PAGES = folder_of("server", "ops_console")
BLANK = re.compile(r"<!--ridebell:([a-z_]+)-->")
FIRST_ROWS = 12
"""Rows drawn on the server; the page's script draws them all a moment later."""
ALMOST_HERE_S = 60.0
"""Under a minute the page says "soon", as its script does."""


@router.get("/s/{stop_id:path}")
async def stop_page(request: Request, house: Here, stop_id: str) -> Response:
    """Give the page behind the QR code on a stop's pole, readable before any script has run."""
    network = house.runtime.network
    stop = network.stops.get(StopId(stop_id))
    if stop is None:
        say = page_of_problem if wants_page(request) else problem
        return say(request, house.words, Reason.UNKNOWN_STOP, detail={"stop_id": stop_id})
    lang = language_of(request.query_params.get("lang") or request.headers.get("accept-language"))
    arrivals = house.runtime.arrivals(stop.stop_id)
    filled = _fill((RIDER_PAGES / "stop.html").read_text("utf-8"), _blanks(network, stop, arrivals, lang))
    headers = {"cache-control": "no-store", "content-language": lang}
    return Response(filled, headers=headers, media_type="text/html; charset=utf-8")


@router.get("/drive")
async def drive_page() -> Response:
    """Give the driver terminal's page."""
    return _page(DRIVER_PAGES / "drive.html")


@router.get("/ops")
async def ops_page() -> Response:
    """Give the operator console's page."""
    return _page(OPS_PAGES / "ops.html")


def _page(path: Path) -> Response:
    return FileResponse(path, media_type="text/html; charset=utf-8", headers={"cache-control": "no-cache"})


def _fill(template: str, blanks: Mapping[str, str]) -> str:
    """Put the blanks' HTML into `<!--ridebell:NAME-->`; a name we do not know stays empty."""
    return BLANK.sub(lambda match: blanks.get(match.group(1), ""), template)


def _blanks(network: Network, stop: Stop, arrivals: wire.Arrivals, lang: Language) -> dict[str, str]:
    name = stop.names.get(lang, stop.name)
    towards = _towards(network, stop, lang)
    boot = {
        "stop_id": stop.stop_id,
        "stop_name": name,
        "stop_code": stop.code,
        "towards": towards,
        "arrivals": arrivals,
        "route_names": {call.route_id: call.name for call in calls_at(network, stop.stop_id)},
    }
    escaped = {
        "lang": lang,
        "title": f"{name} · {'승차벨' if lang == 'ko' else 'Ridebell'}",
        "stop_id": stop.stop_id,
        "stop_name": name,
        "stop_code": stop.code,
        "towards": towards,
    }
    return {key: html.escape(value) for key, value in escaped.items()} | {
        "arrivals_rows": _rows(arrivals, _page_words(lang)),
        "boot_json": msgspec.json.encode(boot).decode().replace("<", "\\u003c"),
    }


def _towards(network: Network, stop: Stop, lang: Language) -> str:
    """Name the stop that most routes call at next: how people tell two poles of one name apart."""
    following: Counter[StopId] = Counter()
    for ref in network.visits_at(stop.stop_id):
        visits = network.pattern(ref.pattern_index).visits
        if ref.visit_index + 1 < len(visits):
            following[visits[ref.visit_index + 1].stop_id] += 1
    if not following:
        return ""
    after = network.stops[following.most_common(1)[0][0]]
    name = after.names.get(lang, after.name)
    return f"{name} 방면 →" if lang == "ko" else f"towards {name} →"


def _page_words(lang: Language) -> Mapping[str, str]:
    """The page's own words, so that what the server draws reads as what the script draws."""
    words: dict[str, str] = json.loads((RIDER_PAGES / "shared" / "words" / f"{lang}.json").read_text("utf-8"))["words"]
    return words


def _rows(arrivals: wire.Arrivals, words: Mapping[str, str]) -> str:
    """Draw the first rows in the markup of `rider_client/web/stop/view.js`, without the buttons that need it."""
    if not arrivals.buses:
        return f'<li class="empty">{html.escape(words["board.empty"])}</li>'
    return "".join(_row(row, words) for row in arrivals.buses[:FIRST_ROWS])


def _row(row: wire.ArrivalRow, words: Mapping[str, str]) -> str:
    if row.here:
        when, away = f'<span class="here">{html.escape(words["row.here"])}</span>', ""
    else:
        minutes = int(row.eta_s // ALMOST_HERE_S)
        soon = f"<b>{html.escape(words['eta.soon'])}</b>"
        counted = f'<b>{minutes}</b><span class="unit">{html.escape(words["eta.unit"])}</span>'
        when = f'<span class="eta">{counted if minutes else soon}</span>'
        away = _away(row, words)
    return (
        f'<li class="row"><span class="route">{html.escape(row.route_name)}</span>{when}'
        f'<span class="away">{html.escape(away)}</span><span class="action"></span>'
        f'<span class="chips"></span></li>'
    )


def _away(row: wire.ArrivalRow, words: Mapping[str, str]) -> str:
    if row.stale:
        age = words["age.s"].format(n=row.age_s) if row.age_s < 60 else words["age.min"].format(n=row.age_s // 60)
        return words["row.stale"].format(age=age)
    return words["row.away.next"] if row.stops_away == 1 else words["row.away"].format(n=row.stops_away)
