"""TypeScript declarations of what the console reads of a replay, written from `server.protocol.replays`."""

import sys
from pathlib import Path

import msgspec

from server.protocol import replays
from tests.web_js.wire_types import _interface

TARGET = Path(__file__).resolve().parents[2] / "server" / "ops_console" / "replay" / "replay.d.ts"
HEADER = (
    "/* Recordings and replays. Written from server/protocol/replays.py by tests/web_js/replay_types.py;"
    " tests/web_js checks that it is current. */\n"
)


def declarations() -> str:
    """The whole file: one interface a type, in the order of the source."""
    kinds = [v for v in vars(replays).values() if isinstance(v, type) and v.__module__ == replays.__name__]
    return HEADER + "".join(_interface(kind) for kind in kinds if issubclass(kind, msgspec.Struct))


if __name__ == "__main__":
    TARGET.write_text(declarations(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
