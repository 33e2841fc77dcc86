"""The inspector's page. Web level."""

import html
import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.protocol.tokens import Role
from server.web.api_parts import Here
from server.web.callers import DEMO_TTL_S, keep
from server.web.pages import filled_page, head_blanks, page_words
from server.web.words import language_of

router = APIRouter(include_in_schema=False)


@router.get("/inspect")
async def inspect_page(request: Request, house: Here) -> Response:
    """Give the inspector's page. In demo mode whoever opens it is an inspector."""
    lang = language_of(request.query_params.get("lang") or request.headers.get("accept-language"))
    words = page_words(lang, "inspect")
    blanks = {name: html.escape(words[f"page.inspect.{name}"]) for name in ("heading", "no_script")}
    blanks |= {"lang": lang, "title": f"{blanks['heading']} · {html.escape(words['page.inspect.app'])}"}
    blanks |= head_blanks("/static/rider/inspect/main.js", lang, "rider/inspect")
    page = filled_page(request, "inspect.html", blanks, lang)
    if house.settings.demo:
        token = house.own_key.make(Role.INSPECTOR, "demo-inspector", now_s=time.time(), ttl_s=DEMO_TTL_S)
        keep(request, page, Role.INSPECTOR, token)
    return page
