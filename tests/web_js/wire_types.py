"""TypeScript declarations of the wire messages, written from `server.protocol.messages`: `python tests/web_js/wire_types.py`."""

import sys
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from server.protocol import messages as wire

TARGET = Path(__file__).resolve().parents[2] / "rider_client" / "web" / "shared" / "wire.d.ts"
HEADER = "/* Wire messages, version 1. Written from server/protocol/messages.py; tests/web_js checks that it is current. */\n"


def declarations() -> str:
    """The whole file: one interface a message, in the order of the source."""
    kinds = [v for v in vars(wire).values() if isinstance(v, type) and issubclass(v, wire.Message)]
    structs = dict.fromkeys(kind for kind in kinds if kind is not wire.Message)
    enums: dict[type[StrEnum], None] = {}
    for struct in (waiting := list(structs)):
        for field in msgspec.structs.fields(struct):
            for kind in _spoken_of(field.type):
                if issubclass(kind, StrEnum):
                    enums[kind] = None
                elif kind not in structs:
                    structs[kind] = None
                    waiting.append(kind)
    told = [_enumeration(kind) for kind in sorted(enums, key=lambda kind: kind.__name__)]
    return HEADER + "".join(told + [_interface(struct) for struct in structs])


def _spoken_of(kind: object) -> Iterator[type[StrEnum] | type[wire.Message]]:
    """The enumerations and messages inside a type, wherever they are declared."""
    if isinstance(kind, type) and issubclass(kind, (StrEnum, wire.Message)):
        yield kind
    for part in typing.get_args(kind):
        yield from _spoken_of(part)


def _enumeration(kind: type[StrEnum]) -> str:
    members = "".join(f'\n  | "{member.value}"' for member in kind)
    return f"\nexport type {kind.__name__} ={members};\n"


def _interface(struct: type[msgspec.Struct]) -> str:
    config = struct.__struct_config__
    lines = [f'  type: "{config.tag}";'] if config.tag is not None else []
    for field in msgspec.structs.fields(struct):
        optional = not field.required and config.omit_defaults
        text = _typescript(field.type)
        lines.append(f"  {field.encode_name}{'?' if optional or 'undefined' in text else ''}: {text};")
    body = "\n".join(lines)
    return (
        f"\nexport interface {struct.__name__} {{\n{body}\n}}\n"
        if lines
        else f"\nexport type {struct.__name__} = object;\n"
    )


_PLAIN: dict[object, str] = {
    typing.Any: "any",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    msgspec.UnsetType: "undefined",
}


def _typescript(kind: object) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _typescript(arguments[0])
    if origin is typing.Literal:
        return " | ".join(f'"{a}"' if isinstance(a, str) else str(a) for a in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_typescript(a) for a in arguments)
    if origin is list:
        return f"({_typescript(arguments[0])})[]"
    if origin is tuple:
        return f"[{', '.join(_typescript(a) for a in arguments)}]"
    if origin is dict:
        return f"Record<{_typescript(arguments[0])}, {_typescript(arguments[1])}>"
    if isinstance(kind, type) and issubclass(kind, (StrEnum, msgspec.Struct)):
        return kind.__name__
    msg = f"no TypeScript for {kind!r}"
    raise TypeError(msg)


if __name__ == "__main__":
    TARGET.write_text(declarations(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
