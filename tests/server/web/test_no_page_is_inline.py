"""Every page lives under a policy without inline scripts and styles, and holds none: all pages, walked by their routes."""

import importlib
import pkgutil
import re
from html.parser import HTMLParser

from fastapi import APIRouter
from fastapi.routing import APIRoute

from server import web
from server.web import pages
from tests.server.web.web_world import Running

DATA = {"application/json", "application/ld+json", "speculationrules"}
"""Blocks of these types are read by scripts and never run."""


class Inline(HTMLParser):
    """Finds what a policy without `unsafe-inline` forbids, and what a page would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.found.append(f"<{tag} {given}>")
        if tag == "script" and "src" not in given and given.get("type") not in DATA:
            self.found.append("<script> without src")
        for name in ("src", "href", "action"):
            if re.match(r"(https?:)?//|javascript:", given.get(name) or ""):
                self.found.append(f"<{tag} {name}={given[name]}>")


def paths() -> list[str]:
    """Every route outside the API's document with a stop of the street put in: pages, and what belongs to them."""
    modules = [importlib.import_module(f"{web.__name__}.{found.name}") for found in pkgutil.iter_modules(web.__path__)]
    routers = [module.router for module in modules if isinstance(getattr(module, "router", None), APIRouter)]
    return [
        re.sub(r"\{[^}]+\}", "S3", route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and not (router.include_in_schema and route.include_in_schema)
    ]


async def test_no_page_holds_anything_inline_or_from_elsewhere(server: Running) -> None:
    seen = []
    for path in paths():
        answer = await server.http.get(path, headers={"accept": "text/html"})
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'self'", path
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", path
        assert "unsafe" not in answer.headers["content-security-policy"], path
        if answer.headers["content-type"].startswith("text/html"):
            seen.append(path)
            inline = Inline()
            inline.feed(answer.text)
            assert inline.found == [], path
    assert {"/s/S3", "/kiosk/S3", "/ride", "/inspect", "/drive", "/ops"} <= set(seen)


def test_no_file_of_a_page_holds_anything_inline() -> None:
    folders = (pages.RIDER_PAGES, pages.DRIVER_PAGES, pages.OPS_PAGES)
    files = [path for folder in folders for path in folder.rglob("*.html")]
    assert len(files) >= 5
    for path in files:
        inline = Inline()
        inline.feed(path.read_text("utf-8"))
        assert inline.found == [], path
