"""Noes over HTTP: RFC 9457 problem details, or a small page for people with a browser. Web level."""

import html
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from server.core.model import Reason
from server.protocol.codec import encode
from server.protocol.schema_http import Problem
from server.web.words import Detail, Words, language_of

STATUS = {
    Reason.BAD_MESSAGE: 422,
    Reason.UNKNOWN_TYPE: 422,
    Reason.NOT_AUTHENTICATED: 401,
    Reason.FORBIDDEN: 403,
    Reason.NOT_AT_STOP: 403,
    Reason.NOT_ON_BOARD: 403,
    Reason.NOT_YOURS: 403,
    Reason.RATE_LIMITED: 429,
    Reason.BUSY: 503,
    Reason.STORE_UNAVAILABLE: 503,
    Reason.UNKNOWN_STOP: 404,
    Reason.UNKNOWN_ROUTE: 404,
    Reason.UNKNOWN_TRIP: 404,
    Reason.UNKNOWN_VEHICLE: 404,
    Reason.UNKNOWN_BELL: 404,
    Reason.UNKNOWN_ALERT: 404,
    Reason.UNKNOWN_RIDE: 404,
    Reason.ROUTE_NOT_AT_STOP: 422,
    Reason.ALIGHT_ONLY: 422,
    Reason.BOARD_ONLY: 422,
}
"""Every other reason is 409: the request is fine, but not now."""
CONFLICT = 409
RETRY_AFTER = {429: "5", 503: "2"}

PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="/static/shared/tokens.css"><link rel="stylesheet" href="/static/shared/base.css">
</head><body><main><h1>{title}</h1><p>{words}</p></main></body></html>
"""


def problem(
    request: Request,
    words: Words,
    reason: Reason,
    *,
    detail: Detail | None = None,
    status: int | None = None,
    ref: str | None = None,
) -> Response:
    """Say no for a reason; the words are in the language the request asks for."""
    said = words.say(reason, language_of(request.headers.get("accept-language")), detail)
    body = Problem(
        type=f"urn:ridebell:reason:{reason}",
        title=reason.replace("_", " "),
        status=status or STATUS.get(reason, CONFLICT),
        detail=said,
        reason=reason,
    )
    if ref is not None:
        body.ref = ref
    return _response(body)


def plain_problem(status: int, detail: str) -> Response:
    """Say no where no reason of ours applies (no such path, not this method)."""
    return _response(Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail))


def _response(body: Problem) -> Response:
    headers = {"cache-control": "no-store"}
    if body.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if body.status in RETRY_AFTER:
        headers["retry-after"] = RETRY_AFTER[body.status]
    return Response(encode(body), body.status, headers, media_type="application/problem+json")


def wants_page(request: Request) -> bool:
    """Whether a person with a browser asks, not a program."""
    return "text/html" in request.headers.get("accept", "")


def page_of_problem(request: Request, words: Words, reason: Reason, detail: Detail | None = None) -> Response:
    """Say no as a page."""
    lang = language_of(request.headers.get("accept-language"))
    said = html.escape(words.say(reason, lang, detail))
    title = "승차벨" if lang == "ko" else "Ridebell"
    status = STATUS.get(reason, CONFLICT)
    return Response(PAGE.format(lang=lang, title=title, words=said), status, media_type="text/html; charset=utf-8")
