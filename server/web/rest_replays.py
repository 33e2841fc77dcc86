"""Replays over HTTP: ask for one, see how far it is, read it in pieces, compare two. Web level; for operators."""

import asyncio
import gzip
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path as PathPart, Query, Request
from starlette.responses import FileResponse, Response

from server.archive import Archive
from server.core.model import Reason
from server.evidence import bell_handle
from server.presets import policy_names, read_policy
from server.protocol.replays import Comparison, ReplayJobs, ReplayRequest, ReplayStory, Why
from server.protocol.tokens import Role
from server.replay import explained
from server.replays.comparison import Run, as_csv, compare
from server.replays.worker import DECISIONS
from server.web.api_parts import Here, Responses, asks, needs, says
from server.web.bodies import answer, json_body
from server.web.callers import caller
from server.web.errors import plain_problem, problem
from server.web.house import House
from server.web.rest_recordings import no_such_recording, operators_archive

router = APIRouter(tags=["replays"])

CONFLICT, NOT_FOUND, BUSY = 409, 404, 503
STORY = "story.json.gz"


def _no_such_replay(replay_id: str) -> Response:
    return plain_problem(NOT_FOUND, f"there is no replay {replay_id[:40]!r}; GET /v1/ops/replays lists them")


@router.get(
    "/v1/ops/replays",
    responses=says("ReplayJobs", "Every replay that is kept, the latest first.", noes=(401, 403)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def replays(request: Request, house: Here) -> Response:
    """List replays, and the policies under which one may be asked for."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    return answer(ReplayJobs(replays=list(archive.replays.all()), policies=policy_names()))


@router.post(
    "/v1/ops/replays",
    responses=says("ReplayJob", "It waits or runs.", status=202, noes=(401, 403, 404, 409, 422, 503)),
    openapi_extra=needs(Role.OPERATOR) | asks("ReplayRequest"),
    response_class=Response,
)
async def ask(request: Request, house: Here) -> Response:
    """Run a recording through the engine once more, apart from the live one."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    wish = await json_body(house, request, ReplayRequest)
    if isinstance(wish, Response):
        return wish
    if wish.policy not in policy_names():
        what = {"what": f"policy: choose one of {', '.join(policy_names())}"}
        return problem(request, house.words, Reason.BAD_MESSAGE, detail=what)
    recording = archive.shelf.path_of(wish.recording)
    if recording is None:
        return no_such_recording(wish.recording)
    decisions = None if wish.decisions is None else archive.shelf.path_of(wish.decisions)
    if wish.decisions is not None and decisions is None:
        return no_such_recording(wish.decisions)
    card = archive.shelf.find(wish.recording)
    assert card is not None
    network = archive.network_for(wish.network if wish.network is not None else card.feed_hash)
    if network is None:
        return plain_problem(
            CONFLICT, 'the network of this recording is not kept here; give network: "" to use this one'
        )
    job = archive.replays.ask(wish, recording, network, read_policy(wish.policy), decisions)
    if job is None:
        return plain_problem(BUSY, "too many replays wait already; try again when one is done")
    return answer(job, 202)


@router.get(
    "/v1/ops/replays/{replay_id}",
    responses=says("ReplayJob", "How far it is.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def replay(request: Request, house: Here, replay_id: str) -> Response:
    """Tell how far a replay is."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    job = archive.replays.get(replay_id)
    return _no_such_replay(replay_id) if job is None else answer(job)


@router.delete(
    "/v1/ops/replays/{replay_id}",
    responses=says("ReplayJobs", "What is left.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def remove(request: Request, house: Here, replay_id: str) -> Response:
    """Cancel a replay that is not done yet, and forget its result."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    if not await archive.replays.remove(replay_id):
        return _no_such_replay(replay_id)
    return answer(ReplayJobs(replays=list(archive.replays.all()), policies=policy_names()))


# -- what a replay shows ------------------------------------------------------------


def _gives(name: str, description: str) -> Responses:
    return says(name, description, noes=(401, 403, 404, 409))


@router.get(
    "/v1/ops/replays/{replay_id}/index",
    responses=_gives("ReplayIndex", "The whole replay in one look."),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def index(request: Request, house: Here, replay_id: str) -> Response:
    """Give where a replay's chunks are, and how much happens when."""
    return await _part(request, house, replay_id, "index.json.gz")


@router.get(
    "/v1/ops/replays/{replay_id}/patterns",
    responses=_gives("ReplayPatterns", "The patterns that buses ran on."),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def patterns(request: Request, house: Here, replay_id: str) -> Response:
    """Give stops and shapes of what is seen in a replay."""
    return await _part(request, house, replay_id, "patterns.json.gz")


@router.get(
    "/v1/ops/replays/{replay_id}/story",
    responses=_gives("ReplayStory", "Bells and alerts from begin to end."),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def story(request: Request, house: Here, replay_id: str) -> Response:
    """Give every row about bells and alerts, with what the rules saw when they chose."""
    return await _part(request, house, replay_id, "story.json.gz")


@router.get(
    "/v1/ops/replays/{replay_id}/chunks/{number}",
    responses=_gives("ReplayChunk", "One stretch, with what held when it began."),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def chunk(request: Request, house: Here, replay_id: str, number: Annotated[int, PathPart(ge=0)]) -> Response:
    """Give one chunk of a replay by its place in the index."""
    return await _part(request, house, replay_id, f"chunk-{number:05}.json.gz")


@router.get(
    "/v1/ops/replays/{replay_id}/decisions",
    responses={200: {"description": "JSON Lines, Zstandard.", "content": {"application/zstd": {}}}},
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def decisions(request: Request, house: Here, replay_id: str) -> Response:
    """Give what was decided: the bytes that `ridebell replay --trace --explain` writes."""
    return await _part(request, house, replay_id, DECISIONS)


async def _part(request: Request, house: House, replay_id: str, name: str) -> Response:
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    path = _file_of(archive, replay_id, name)
    if isinstance(path, Response):
        return path
    if name == DECISIONS:
        return FileResponse(path, media_type="application/zstd", filename=f"{replay_id}.{DECISIONS}")
    headers = {"cache-control": "private, max-age=3600", "content-encoding": "gzip"}
    return FileResponse(path, media_type="application/json", headers=headers)


def _file_of(archive: Archive, replay_id: str, name: str) -> Path | Response:
    job = archive.replays.get(replay_id)
    if job is None:
        return _no_such_replay(replay_id)
    if job.state != "done":
        return plain_problem(CONFLICT, f"the replay is {job.state}; nothing can be seen before it is done")
    path = archive.replays.folder_of(replay_id) / name
    return path if path.is_file() else plain_problem(NOT_FOUND, "this replay has no such part")


# -- two of them, and why ------------------------------------------------------------


@router.get(
    "/v1/ops/replays/{replay_id}/differences",
    responses=_gives("Comparison", "Bells that fared differently in the other replay."),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def differences(
    request: Request,
    house: Here,
    replay_id: str,
    other: Annotated[str, Query()],
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Compare two replays bell by bell."""
    archive = await operators_archive(house, request)
    if isinstance(archive, Response):
        return archive
    files = [_file_of(archive, each, STORY) for each in (replay_id, other)]
    for file in files:
        if isinstance(file, Response):
            return file
    comparison = await asyncio.to_thread(_compared, [file for file in files if isinstance(file, Path)])
    if form == "csv":
        headers = {"content-disposition": f'attachment; filename="differences-{replay_id}-{other}.csv"'}
        return Response(as_csv(comparison), media_type="text/csv; charset=utf-8", headers=headers)
    return answer(comparison)


def _compared(stories: list[Path]) -> Comparison:
    one, other = (
        Run(msgspec.json.decode(gzip.decompress(path.read_bytes()), type=ReplayStory).rows) for path in stories
    )
    return compare(one, other)


@router.get(
    "/v1/ops/bells/{bell}/why",
    responses=says("Why", "The buses that could serve it, and what the rule makes of each now.", noes=(401, 403, 404)),
    openapi_extra=needs(Role.OPERATOR),
    response_class=Response,
)
async def why(request: Request, house: Here, bell: str) -> Response:
    """Explain an open bell (by its operators' handle) as the rule sees it now."""
    operator = await caller(house, request, Role.OPERATOR)
    if isinstance(operator, Response):
        return operator
    runtime = house.runtime
    found = next((each for each in runtime.engine.open_bells() if bell_handle(each) == bell), None)
    if found is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL)
    row = explained(runtime.engine.why(found, runtime.clock.now_ms()))
    return answer(Why(choice=row | {"bell_id": bell}))
