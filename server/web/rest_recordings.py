"""Recordings over HTTP: list, start and stop, give back, take in, delete. Web level; for operators."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response

from server.archive import Archive
from server.core.model import Reason
from server.protocol.replays import RecordingCommand, RecordingRow, Recordings
from server.protocol.tokens import Role
from server.recordings.shelf import NAME, SUFFIXES, Card, opens_well
from server.web.api_parts import Here, asks, needs, says
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.errors import plain_problem, problem
from server.web.house import House

router = APIRouter(tags=["recordings"])

NDJSON = "application/x-ndjson"
FILE_MEDIA = {".zst": "application/zstd", ".jsonl": NDJSON}
TAKE_IN_S = 600.0
"""A recording of the greatest size over 10 Mbit/s takes 7 minutes."""
CONFLICT, NOT_FOUND, TOO_LARGE, UNPROCESSABLE = 409, 404, 413, 422


async def operators_archive(house: House, request: Request) -> Archive | Response:
    """The archive, for an operator; or the answer that says no."""
    operator = await caller(house, request, Role.OPERATOR)
    if isinstance(operator, Response):
        return operator
    if house.archive is None:
        return plain_problem(NOT_FOUND, "this server keeps no recordings")
    return house.archive


def no_such_recording(name: str) -> Response:
    """Say that a recording is not there."""
    return plain_problem(NOT_FOUND, f"there is no recording {name[:80]!r}; GET /v1/ops/recordings lists them")


@router.get(
    "/v1/ops/recordings",
    responses=says("Recordings", "Every recording, the latest first.", noes=(401, 403)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def recordings(request: Request, house: Here) -> Response:
    """List the recordings, those under way included."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    return answer(await _listed(house, archive))


@router.post(
    "/v1/ops/recordings",
    responses=says("RecordingRow", "The recording that began or ended.", noes=(401, 403, 409)),
    openapi_extra=needs(Role.OPERATOR) | asks("RecordingCommand"),
    response_class=Response,
)
async def command(request: Request, house: Here) -> Response:
    """Start or stop recording what comes in."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    wish = await json_body(house, request, RecordingCommand)
    if isinstance(wish, Response):
        return wish
    try:
        card = await (archive.recorder.start() if wish.action == "start" else archive.recorder.stop())
    except OSError as error:
        return plain_problem(CONFLICT, f"nothing is recorded, the disk refuses: {error.strerror or error}")
    if card is None:
        said = "a recording runs already; stop it first" if wish.action == "start" else "no recording runs"
        return plain_problem(CONFLICT, said)
    return answer(_row(card), 201 if wish.action == "start" else 200)


@router.get(
    "/v1/ops/recordings/{name}",
    responses={200: {"description": "The file.", "content": {"application/zstd": {}, NDJSON: {}}}},
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def download(request: Request, house: Here, name: str) -> Response:
    """Give a recording as it lies on the disk; one under way up to its last frame."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    path = archive.shelf.path_of(name)
    if path is None:
        return no_such_recording(name)
    return FileResponse(path, media_type=FILE_MEDIA[path.suffix], filename=path.name)


@router.put(
    "/v1/ops/recordings/{name}",
    responses=says("RecordingRow", "The recording as it was taken in.", status=201, noes=(401, 403, 409, 413, 422)),
    openapi_extra=needs(Role.OPERATOR)
    | {"requestBody": {"required": True, "content": {"application/zstd": {}, NDJSON: {}}}},
    response_class=Response,
)
async def take_in(request: Request, house: Here, name: str) -> Response:
    """Take a recording in, such as `ridebell simulate` writes: JSON Lines, plain or Zstandard. `decisions` files too."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    if NAME.fullmatch(name) is None:
        what = {"what": "a name is 1 to 80 letters, digits, dots, dashes or underscores"}
        return problem(request, house.words, Reason.BAD_MESSAGE, detail=what)
    if archive.shelf.path_of(name) is not None:
        return plain_problem(CONFLICT, f"there is a recording {name!r} already; choose another name")
    async with _taken(request, archive, name) as taken:
        if isinstance(taken, Response):
            return taken
        wrong = await asyncio.to_thread(opens_well, taken)
        if wrong is not None:
            return plain_problem(UNPROCESSABLE, f"this is no recording: {wrong}")
        taken.rename(archive.shelf.folder / taken.name.removeprefix("."))
    card = archive.shelf.find(name)
    assert card is not None
    return answer(_row(card), 201)


@router.delete(
    "/v1/ops/recordings/{name}",
    responses=says("Recordings", "What is left.", noes=(401, 403, 404, 409)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def delete(request: Request, house: Here, name: str) -> Response:
    """Delete a recording; not one under way."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    card = archive.shelf.find(name)
    if card is None:
        return no_such_recording(name)
    if card.state == "recording":
        return plain_problem(CONFLICT, f"{name!r} is being recorded; stop it first")
    await asyncio.to_thread(archive.shelf.remove, name)
    return answer(await _listed(house, archive))


async def _listed(house: House, archive: Archive) -> Recordings:
    cards = await asyncio.to_thread(archive.shelf.all)
    live = {card.name: card for kind in ("live", "rolling") if (card := archive.recorder.running(kind)) is not None}
    return Recordings(
        at_ms=house.runtime.clock.now_ms(),
        recording=next((card.name for card in live.values() if card.kind == "live"), None),
        keep_days=archive.settings.keep_days,
        recordings=[_row(live.get(card.name, card)) for card in cards],
    )


def _row(card: Card) -> RecordingRow:
    return RecordingRow(
        name=card.name,
        holds=card.holds,
        kind=card.kind,
        state=card.state,
        why_ended=card.why_ended,
        begun_ms=card.begun_ms,
        ended_ms=card.ended_ms,
        lines=card.lines,
        stored_bytes=card.stored_bytes,
        network_version=card.network_version,
        feed_hash=card.feed_hash,
        policy=card.policy,
    )


@contextlib.asynccontextmanager
async def _taken(request: Request, archive: Archive, name: str) -> AsyncIterator[Path | Response]:
    """The body in a hidden file beside the recordings, gone at the end unless it was renamed."""
    zstd = request.headers.get("content-type", "").partition(";")[0].strip() != NDJSON
    hidden = archive.shelf.folder / f".{name}{SUFFIXES[0] if zstd else SUFFIXES[1]}"
    try:
        refusal = await _store(request, hidden, archive.settings.upload_max_bytes)
        yield hidden if refusal is None else refusal
    finally:
        hidden.unlink(missing_ok=True)


async def _store(request: Request, place: Path, max_bytes: int) -> Response | None:
    taken = 0
    try:
        with place.open("wb") as file:
            async with asyncio.timeout(TAKE_IN_S):
                async for piece in request.stream():
                    taken += len(piece)
                    if taken > max_bytes:
                        return plain_problem(TOO_LARGE, f"a recording must not be larger than {max_bytes} bytes")
                    await asyncio.to_thread(file.write, piece)
    except (TimeoutError, ClientDisconnect):
        return plain_problem(408, f"the recording must come whole, within {TAKE_IN_S:g} s")
    return None
