"""The server as a child process: started, waited for, watched, ended gracefully. Never left behind."""

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_S = 30.0
"""A server that does not say its address within this will not: the town loads in milliseconds."""
END_S = 15.0
"""How long a server may take to drain and end; its own limits add up to less."""
LAST_WORDS = 12
"""Lines of its log that are shown when it dies."""
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h: send me a signal when my parent dies, however it dies."""


class ServerDied(Exception):  # noqa: N818 - it says what happened
    """The server could not start, or ended by itself; the text holds its last words."""


class ServerProcess:
    """`ridebell serve …` as a child, or another command that serves: `async with ServerProcess(arguments, log) as server`."""

    def __init__(self, arguments: Sequence[str], log: Path, *, command: str = "serve") -> None:
        self._arguments = arguments
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.url = ""
        self.memory: dict[str, float | None] = {}
        """Resident memory at moments that somebody noted, by their names."""

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ridebell",
                self._command,
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for us; we then end the server in order
                preexec_fn=_die_with_parent,
            )
        try:
            async with asyncio.timeout(START_S):
                self.url = await self._address(self._stdout)
        except TimeoutError:
            await self.__aexit__(None, None, None)
            raise ServerDied(f"the server did not say its address within {START_S:g} s: {self._last_words()}") from None
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        self._reading = asyncio.create_task(_drain(self._stdout))
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        process = self._process
        assert process is not None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(END_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            await self._reading

    @property
    def _stdout(self) -> asyncio.StreamReader:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    async def ended(self) -> None:
        """Wait until the server ends by itself, and raise `ServerDied`."""
        assert self._process is not None
        code = await self._process.wait()
        raise ServerDied(f"the server ended by itself with status {code}: {self._last_words()}")

    def rss_mb(self) -> float | None:
        """Resident memory of the server, in 10⁶ bytes; None where the system does not tell."""
        assert self._process is not None
        with contextlib.suppress(OSError):
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1])
            return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
        return None

    async def _address(self, stdout: asyncio.StreamReader) -> str:
        while line := await stdout.readline():
            if found := re.search(rb"https?://[^\s]+", line):
                return found.group().decode()
        raise ServerDied(self._last_words())

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_WORDS:]
        return "\n".join(lines) or "it said nothing"


async def _drain(stdout: asyncio.StreamReader) -> None:
    """Read on, so that the server never blocks on a full pipe."""
    while await stdout.read(65_536):
        pass


def _die_with_parent() -> None:
    """In the child, before it becomes the server: ask to be ended if the demo is killed. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
