"""The contract of the sockets as an AsyncAPI 3.0 document, made from the message types. Protocol level; pure.

AsyncAPI's `receive` and `send` are the server's: it receives what riders send.
"""

from typing import Any, get_args

import msgspec

from server.protocol import messages as wire
from server.protocol.asyncapi_examples import EXAMPLES

PROTOCOL_VERSION = "1.0.0"
"""Fields may be added (minor); names are never repurposed."""

CHANNELS: dict[str, tuple[str, Any, Any]] = {
    "rider": ("A rider's bells and the arrivals at stops the rider watches.", wire.FromRider, wire.ToRider),
    "terminal": ("The driver's terminal of one bus.", wire.FromTerminal, wire.ToTerminal),
    "feed": ("A control centre that speaks for many buses.", wire.FromFeed, wire.ToFeed),
    "operator": ("What operators follow; never a rider's identity.", wire.FromOperator, wire.ToOperator),
}
"""Role: what its socket is for, what it may send, what it is sent."""

DESCRIPTION = (
    "JSON text frames, one object a frame, `type` first. The first frame is `hello`, within 5 s and at most 4 KiB. Unknown fields "
    "are ignored; an unknown `type` is answered by `refused` and the connection stays. Both sides say `beat` after "
    "`heartbeat_s` of silence. Numbered messages carry `seq`; acknowledge them cumulatively with `ack`.\n\n"
    "Close codes: 1009 too large, 1012 restart, 4400 bad message, 4401 not authenticated, 4403 forbidden, 4408 too slow, "
    "4409 superseded by a newer session, 4429 too many."
)


def document() -> dict[str, Any]:
    """Give the whole document."""
    types = sorted({t for _, sent, told in CHANNELS.values() for t in (*get_args(sent), *get_args(told))}, key=_name)
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ridebell sockets",
            "version": PROTOCOL_VERSION,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {"host": "127.0.0.1:8080", "protocol": "ws", "description": "As `ridebell serve` starts it."}
        },
        "channels": {role: _channel(role, *parts) for role, parts in CHANNELS.items()},
        "operations": _operations(),
        "components": {
            "messages": {_name(t): _message(t) for t in types},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _channel(role: str, purpose: str, sent: Any, told: Any) -> dict[str, Any]:
    names = sorted({_name(t) for t in (*get_args(sent), *get_args(told))})
    return {
        "address": f"/v1/ws/{role}",
        "description": purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for role, (_, sent, told) in CHANNELS.items():
        for action, union in (("receive", sent), ("send", told)):
            operations[f"{action}_{role}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{role}"},
                "messages": [{"$ref": f"#/channels/{role}/messages/{_name(t)}"} for t in get_args(union)],
            }
    return operations


def _message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": kind.__struct_config__.tag,
        "title": _name(kind),
        "summary": (kind.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{_name(kind)}"},
    }
    if kind in EXAMPLES:
        described["examples"] = [{"payload": msgspec.to_builtins(example)} for example in EXAMPLES[kind]]
    return described


def _name(kind: type) -> str:
    return kind.__name__
