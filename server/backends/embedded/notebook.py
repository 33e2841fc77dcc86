"""What was learned, in one file beside the journal, replaced as a whole. Back-end level."""

import asyncio
import os
from pathlib import Path

FILE_NAME = "learned.msgpack"
MAX_BYTES = 64 * 2**20
"""Four times what a province teaches; a larger file is not ours, and is not read into memory."""


class FileNotebook:
    """`ports.Notebook` as a file: written aside and renamed, so that a reader finds the old or the new one whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def load(self) -> bytes | None:
        """What was saved last; None where there is no file. Raises OSError for one that cannot be read."""
        return await asyncio.to_thread(self._read)

    async def save(self, data: bytes) -> None:
        """Replace what was saved. Raises OSError; what was saved before stays then."""
        await asyncio.to_thread(self._write, data)

    def _read(self) -> bytes | None:
        try:
            with self.path.open("rb") as file:
                return file.read(MAX_BYTES)
        except FileNotFoundError:
            return None

    def _write(self, data: bytes) -> None:
        aside = self.path.with_suffix(".new")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path)
