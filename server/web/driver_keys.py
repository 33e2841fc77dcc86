"""The physical keys beside a driver's screen: the table that is shipped, or the operator's own. Web level."""

from pathlib import Path
from typing import Literal

import msgspec

from server.web.static_files import folder_of

SHIPPED = folder_of("driver_terminal", "web") / "keys.json"
KEYS_MAX = 64
"""More keys than any button box has."""

KeyAction = Literal["ok", "full", "cannot_stop", "other"]


class DriverKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which key (`KeyboardEvent.code`, such as `F2` or `Numpad3`) gives which answer."""

    schema: Literal[1] = 1
    keys: dict[str, KeyAction]


class BadKeysError(ValueError):
    """A table of keys that cannot be used, and why, in one sentence."""


def read_keys(path: Path | None) -> DriverKeys:
    """Read a table of keys; the shipped one where there is none. Raises `BadKeysError`."""
    path = SHIPPED if path is None else path
    try:
        table = msgspec.json.decode(path.read_bytes(), type=DriverKeys)
    except OSError as error:
        raise BadKeysError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BadKeysError(f"{path} is not a table of keys ({error}); see driver_terminal/web/keys.json") from error
    if not 0 < len(table.keys) <= KEYS_MAX:
        raise BadKeysError(f"{path} names {len(table.keys)} keys; write 1 to {KEYS_MAX}")
    return table
