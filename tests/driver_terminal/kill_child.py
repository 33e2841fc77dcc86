"""A terminal in a process of its own, to be killed: `kill_child.py URL STATE LOG`. Its screen is a file."""

import asyncio
import os
import sys
from pathlib import Path

from driver_terminal.client import TerminalClient
from server.core.model import Outcome
from server.protocol.messages import AlertMessage

HANG = "hang"
"""An alert whose stop is named so is begun to be displayed, and never done: the place where a kill hits inside `show`."""


class FileDisplay:
    """Every call is a line on disk when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def show(self, alert: AlertMessage) -> None:
        if alert.stop_name == HANG and "begin" not in self._path.read_text():
            self._write(f"begin {alert.alert_id}")
            await asyncio.Event().wait()
        self._write(f"show {alert.alert_id} {alert.boarding}")

    async def clear(self, alert: AlertMessage, outcome: Outcome | None) -> None:
        self._write(f"clear {alert.alert_id} {outcome}")

    async def bell_off(self, off: bool) -> None:
        self._write(f"bell_off {off}")

    def _write(self, line: str) -> None:
        with self._path.open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())


async def main(url: str, state: str, log: str) -> None:
    async with TerminalClient(url, "token", "V1", display=FileDisplay(Path(log)), state_path=Path(state)) as client:
        await client.link.stopped()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
