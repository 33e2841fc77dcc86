"""TypeScript declarations of what operators ask over HTTP, from `server.protocol`: `python tests/web_js/ops_types.py`."""

import sys
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from server.protocol import schema_ledger, schema_ops, schema_ops_rides

TARGET = Path(__file__).resolve().parents[2] / "server" / "ops_console" / "report" / "bodies.d.ts"
HEADER = "/* Bodies of operators' requests. Written from server/protocol; tests/web_js checks that it is current. */\n"
LEDGER: tuple[type[msgspec.Struct], ...] = (
    schema_ledger.RideFigures,
    schema_ledger.LedgerDays,
    schema_ledger.TrialBalance,
    schema_ledger.Disputes,
    schema_ledger.Conflicts,
    schema_ledger.DeviceList,
)
_PLAIN: dict[object, str] = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


def declarations() -> str:
    """The whole file: one interface a record, those that are used before those that use them."""
    seen: dict[type[msgspec.Struct], None] = {}
    for kind in (*schema_ops.SCHEMAS, *schema_ops_rides.SCHEMAS, *LEDGER):
        _collect(kind, seen)
    return HEADER + "".join(_interface(kind) for kind in seen)


def _collect(kind: type[msgspec.Struct], seen: dict[type[msgspec.Struct], None]) -> None:
    for field in msgspec.structs.fields(kind):
        for inner in _records(field.type):
            if inner not in seen:
                _collect(inner, seen)
    seen[kind] = None


def _records(kind: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for argument in typing.get_args(kind):
        yield from _records(argument)


def _interface(kind: type[msgspec.Struct]) -> str:
    left_out = kind.__struct_config__.omit_defaults
    lines = [
        f"  {field.encode_name}{'?' if left_out and not field.required else ''}: {_typescript(field.type)};"
        for field in msgspec.structs.fields(kind)
    ]
    return f"\nexport interface {kind.__name__} {{\n" + "\n".join(lines) + "\n}\n"


def _typescript(kind: object) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _typescript(arguments[0])
    if origin is typing.Literal:
        return " | ".join(f'"{a}"' for a in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(_typescript(a) for a in arguments if a is not msgspec.UnsetType))
    if origin in (list, tuple):
        return f"({_typescript(arguments[0])})[]"
    if origin is dict:
        return f"Record<{_typescript(arguments[0])}, {_typescript(arguments[1])}>"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return " | ".join(f'"{member.value}"' for member in kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind.__name__
    supertype = getattr(kind, "__supertype__", None)
    if supertype is not None:
        return _typescript(supertype)
    msg = f"no TypeScript for {kind!r}"
    raise TypeError(msg)


if __name__ == "__main__":
    TARGET.write_text(declarations(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
