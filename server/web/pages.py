"""The pages people open: a stop's QR page filled on the server, the driver's and the operator's as they are. Web level."""

import gzip
import html
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from server.core.model import Reason, StopId
from server.core.network import Network, Stop
from server.protocol.tokens import Role
from server.web import first_paint
from server.web.api_parts import Here
from server.web.auth import Identity
from server.web.callers import identify, keep
from server.web.errors import page_of_problem, problem, wants_page
from server.web.house import House
from server.web.rest_network import calls_at, following_stop
from server.web.shell import Shell
from server.web.static_files import folder_of
from server.web.words import Language, language_of

router = APIRouter(include_in_schema=False)

RIDER_PAGES = folder_of("rider_client", "web")
DRIVER_PAGES = folder_of("driver_terminal", "web")
OPS_PAGES = folder_of("server", "ops_console")
BLANK = re.compile(r"<!--ridebell:([a-z_]+)-->")
SHELL = Shell({"/static/shared": RIDER_PAGES / "shared", "/static/rider": RIDER_PAGES})
SHELL_HEADER = "x-ridebell-shell"
"""Names the version of the files that a page was made for; the service worker compares."""
DEMO_KIOSK_S = 86_400.0
PAGE_LEVEL = 6
"""Of gzip: a page is packed anew for each visit, 0.2 ms for 10 KB; level 9 takes twice as long for 1 % less."""


@router.get("/s/{stop_id:path}")
async def stop_page(request: Request, house: Here, stop_id: str) -> Response:
    """Give the page behind the QR code on a stop's pole, readable before any script has run."""
    stop = house.runtime.network.stops.get(StopId(stop_id))
    if stop is None:
        return _no_such_stop(request, house, stop_id)
    lang = _asked_language(request)
    blanks = _blanks(house, stop, lang) | head_blanks("/static/rider/stop/main.js", lang)
    return filled_page(request, "stop.html", blanks, lang)


@router.get("/kiosk/{stop_id:path}")
async def kiosk_page(request: Request, house: Here, stop_id: str) -> Response:
    """Give the page of the tablet at a stop. In demo mode whoever opens it is the kiosk."""
    stop = house.runtime.network.stops.get(StopId(stop_id))
    if stop is None:
        return _no_such_stop(request, house, stop_id)
    lang: Language = "en" if request.query_params.get("lang") == "en" else "ko"
    kiosk = await identify(house, request, Role.KIOSK)
    enrolled = house.settings.demo or (isinstance(kiosk, Identity) and kiosk.stop_id == stop.stop_id)
    blanks = _blanks(house, stop, lang, enrolled=enrolled)
    blanks |= head_blanks("/static/rider/kiosk/main.js", lang, "rider/kiosk")
    page = filled_page(request, "kiosk.html", blanks, lang)
    if house.settings.demo:
        token = house.own_key.make(
            Role.KIOSK, f"demo-{stop.stop_id}", now_s=time.time(), ttl_s=DEMO_KIOSK_S, stop_id=stop.stop_id
        )
        keep(request, page, Role.KIOSK, token)
    return page


@router.get("/ride")
async def ride_page(request: Request) -> Response:
    """Give the rider app."""
    lang = language_of(request.query_params.get("lang") or request.headers.get("accept-language"))
    words = page_words(lang, "ride")
    blanks = {name: html.escape(words[f"page.ride.{name}"]) for name in ("heading", "no_script", "tabs")}
    blanks |= {"lang": lang, "title": f"{blanks['heading']} · {html.escape(words['ride.app'])}"}
    return filled_page(
        request,
        "ride.html",
        blanks | head_blanks("/static/rider/ride/main.js", lang, "rider/ride", "rider/ride/rules"),
        lang,
    )


@router.get("/sw.js")
async def service_worker() -> Response:
    """Give the rider pages' service worker, which changes whenever any file of theirs does."""
    text = (RIDER_PAGES / "sw.js").read_text("utf-8").replace("ridebell:version", SHELL.version())
    return Response(text, headers={"cache-control": "no-cache"}, media_type="text/javascript; charset=utf-8")


@router.get("/ops")
async def ops_page() -> Response:
    """Give the operator console's page."""
    return _page(OPS_PAGES / "ops.html")


def _page(path: Path) -> Response:
    return FileResponse(path, media_type="text/html; charset=utf-8", headers={"cache-control": "no-cache"})


def filled_page(request: Request, name: str, blanks: Mapping[str, str], lang: Language) -> Response:
    """Fill one of the rider's pages; it is never kept by a cache other than the service worker's."""
    filled = _fill((RIDER_PAGES / name).read_text("utf-8"), blanks).encode()
    headers = {"cache-control": "no-store", "content-language": lang, SHELL_HEADER: SHELL.version()}
    headers["vary"] = "accept-encoding, accept-language"
    if "gzip" in request.headers.get("accept-encoding", ""):
        filled, headers["content-encoding"] = gzip.compress(filled, PAGE_LEVEL), "gzip"
    return Response(filled, headers=headers, media_type="text/html; charset=utf-8")


def head_blanks(entry: str, lang: Language, *word_folders: str) -> dict[str, str]:
    """Blanks of a page's head: its version, and what its script will ask for, so that all of it is fetched at once."""
    modules = (f'<link rel="modulepreload" href="{address}">' for address in SHELL.modules(entry))
    tables = (
        f'<link rel="preload" as="fetch" crossorigin href="/static/{folder}/words/{lang}.json">'
        for folder in ("shared", *word_folders)
    )
    return {"preloads": "".join((*modules, *tables)), "version": SHELL.version()}


def _fill(template: str, blanks: Mapping[str, str]) -> str:
    """Put the blanks' HTML into `<!--ridebell:NAME-->`; a name we do not know stays empty."""
    return BLANK.sub(lambda match: blanks.get(match.group(1), ""), template)


def _asked_language(request: Request) -> Language:
    return language_of(request.query_params.get("lang") or request.headers.get("accept-language"))


def _no_such_stop(request: Request, house: House, stop_id: str) -> Response:
    say = page_of_problem if wants_page(request) else problem
    return say(request, house.words, Reason.UNKNOWN_STOP, detail={"stop_id": stop_id})


def _blanks(house: House, stop: Stop, lang: Language, *, enrolled: bool = False) -> dict[str, str]:
    network, arrivals = house.runtime.network, house.runtime.arrivals(stop.stop_id)
    name = stop.names.get(lang, stop.name)
    towards = _towards(network, stop, lang)
    boot = {
        "stop_id": stop.stop_id,
        "stop_name": name,
        "stop_code": stop.code,
        "towards": towards,
        "arrivals": arrivals,
        "route_names": {call.route_id: call.name for call in calls_at(network, stop.stop_id)},
        "enrolled": enrolled,
    }
    escaped = {
        "lang": lang,
        "title": f"{name} · {'승차벨' if lang == 'ko' else 'Ridebell'}",
        "stop_id": stop.stop_id,
        "stop_name": name,
        "stop_code": stop.code,
        "towards": towards,
    }
    words = page_words(lang)
    escaped |= {"how_to_ring": words["page.no_script"], "reload": words["page.reload"]}
    return {key: html.escape(value) for key, value in escaped.items()} | {
        "arrivals_rows": first_paint.rows(arrivals, words),
        "boot_json": msgspec.json.encode(boot).decode().replace("<", "\\u003c"),
    }


def _towards(network: Network, stop: Stop, lang: Language) -> str:
    after = following_stop(network, stop.stop_id)
    if after is None:
        return ""
    name = after.names.get(lang, after.name)
    return f"{name} 방면 →" if lang == "ko" else f"towards {name} →"


def page_words(lang: Language, folder: str = "shared") -> Mapping[str, str]:
    """The page's own words, so that what the server draws reads as what the script draws."""
    words: dict[str, str] = json.loads((RIDER_PAGES / folder / "words" / f"{lang}.json").read_text("utf-8"))["words"]
    return words
