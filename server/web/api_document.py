"""The OpenAPI document: FastAPI knows the routes, msgspec the bodies. Web level."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from server.protocol import messages as wire
from server.protocol.asyncapi import PROTOCOL_VERSION
from server.protocol.replays import REPLAY_SCHEMAS
from server.protocol.schema_http import SCHEMAS
from server.protocol.schema_inspection import SCHEMAS as INSPECTION_SCHEMAS
from server.protocol.schema_ledger import SCHEMAS as LEDGER_SCHEMAS
from server.protocol.schema_ops import SCHEMAS as OPS_SCHEMAS
from server.protocol.schema_ops_rides import SCHEMAS as OPS_RIDE_SCHEMAS
from server.protocol.schema_outline import SCHEMAS as OUTLINE_SCHEMAS
from server.protocol.schema_push import SCHEMAS as PUSH_SCHEMAS
from server.protocol.schema_riders import SCHEMAS as RIDER_SCHEMAS

DESCRIPTION = (
    "승차벨: tells the driver of an approaching bus that somebody wants to get on, and tells the rider what became of it. "
    "Live messages go over the sockets that `/asyncapi.json` describes. Times are integer epoch milliseconds (`_ms`), "
    "distances metres, ids those of the GTFS feed. Every no is an RFC 9457 problem with a stable `reason`."
)


def describe(app: FastAPI) -> None:
    """Let an application give its OpenAPI document with our schemas."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def openapi_document() -> dict[str, Any]:
    """Give the document without a running server."""
    from server.web.app import bare_app

    return bare_app().openapi()


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Ridebell", version=PROTOCOL_VERSION, description=DESCRIPTION, routes=app.routes, openapi_version="3.1.0"
    )
    bodies = (
        *SCHEMAS,
        *OPS_SCHEMAS,
        *OPS_RIDE_SCHEMAS,
        *OUTLINE_SCHEMAS,
        *PUSH_SCHEMAS,
        *RIDER_SCHEMAS,
        *INSPECTION_SCHEMAS,
        *LEDGER_SCHEMAS,
        *REPLAY_SCHEMAS,
        wire.RingRequest,
        wire.CheckInRequest,
        wire.CorrectionFields,
        wire.BellMessage,
        wire.Arrivals,
        wire.Taken,
    )
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    components = document.setdefault("components", {})
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Claims `sub`, `role`, `exp`.",
        }
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            _bad_parameters(operation)
    return document


def _bad_parameters(operation: dict[str, Any]) -> None:
    """FastAPI declares its own 422; ours is a problem like every other."""
    if "422" in operation.get("responses", {}):
        problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        operation["responses"]["422"] = {"description": "No, and why.", "content": problem}
