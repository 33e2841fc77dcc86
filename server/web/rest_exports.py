"""Tables and maps to take away: CSV, GeoJSON, TIDES. Web level; written as they are read, in a thread."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from server.exports import Table, table_text
from server.web.api_parts import PROBLEM, Here, Responses, needs_reader, schema
from server.web.callers import reader
from server.web.ops_questions import Which

router = APIRouter(tags=["operators"])

FILE: Responses = {200: {"description": "The file.", "content": {"text/csv": {}, "application/geo+json": {}}}}
NOES: Responses = {
    no: {"description": "No, and why.", "content": {PROBLEM: {"schema": schema("Problem")}}} for no in (401, 403, 422)
}


@router.get("/v1/ops/exports/{table}", responses=FILE | NOES, openapi_extra=needs_reader(), response_class=Response)
async def export(request: Request, house: Here, table: Table, asked: Which) -> Response:
    """Take the bells, figures, pass-bys or stop visits of a window away as one file; `stop_visits.csv` is TIDES."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    network = house.runtime.network
    day = datetime.fromtimestamp(asked.from_ms / 1000, ZoneInfo(network.timezone))
    headers = {
        "content-disposition": f'attachment; filename="ridebell-{day:%Y%m%d}-{table}"',
        "cache-control": "no-store",
    }
    kind = "application/geo+json" if table.endswith(".geojson") else "text/csv; charset=utf-8"
    text = await table_text(table, asked, house.runtime.analysis, network)
    return StreamingResponse(text, headers=headers, media_type=kind)
