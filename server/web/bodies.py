"""Request bodies in, bounded in size and time; response bodies out, encoded by msgspec. Web level."""

import asyncio
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from server.core.model import Reason
from server.protocol.codec import encode
from server.web.errors import plain_problem, problem
from server.web.house import House

B = TypeVar("B", bound=msgspec.Struct)


def answer(body: msgspec.Struct, status: int = 200, *, max_age_s: int | None = None) -> Response:
    """One JSON body. `max_age_s` None: never kept by a cache."""
    cache = "no-store" if max_age_s is None else f"public, max-age={max_age_s}"
    return Response(encode(body), status, {"cache-control": cache}, media_type="application/json")


async def read_body(request: Request, *, max_bytes: int, deadline_s: float) -> bytes | Response:
    """Read the whole body, or answer 413 or 408."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > max_bytes:
        return plain_problem(413, f"the body must not be larger than {max_bytes} bytes")
    read = bytearray()
    try:
        async with asyncio.timeout(deadline_s):
            async for chunk in request.stream():
                read += chunk
                if len(read) > max_bytes:
                    return plain_problem(413, f"the body must not be larger than {max_bytes} bytes")
    except TimeoutError:
        return plain_problem(408, f"the body must come within {deadline_s:g} s")
    except ClientDisconnect:
        return plain_problem(400, "the client went away")
    return bytes(read)


async def json_body(house: House, request: Request, kind: type[B], *, or_empty: bool = False) -> B | Response:
    """Read a JSON body of a type: 400 when it is no JSON, 422 when it is not of the type. `or_empty`: none is `{}`."""
    settings = house.settings
    read = await read_body(request, max_bytes=settings.body_max_bytes, deadline_s=settings.body_deadline_s)
    if isinstance(read, Response):
        return read
    try:
        return msgspec.json.decode(read or (b"{}" if or_empty else b""), type=kind)
    except msgspec.ValidationError as error:
        return problem(request, house.words, Reason.BAD_MESSAGE, detail={"what": str(error)}, status=422)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return problem(request, house.words, Reason.BAD_MESSAGE, detail={"what": str(error)}, status=400)
