"""What pages are made of: the modules that a page's script will ask for, and one hash over all files. Web level.

The modules are named in the page's head, so that a phone fetches them at once and not one import after the other. The
hash tells a service worker whether the files that it keeps are those of the page that came.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from server.web.static_files import KINDS

IMPORTED = re.compile(r'^(?:import|export)\b[^;]*?\bfrom "(/static/[\w./-]+\.js)";', re.MULTILINE)
IMPORTED_ALONE = re.compile(r'^import "(/static/[\w./-]+\.js)";', re.MULTILINE)

Signature = tuple[tuple[str, int, int], ...]


class Shell:
    """The files of some pages. `folders`: where an address such as `/static/rider` lies on the disk.

    Read again when a file changes on the disk, looked for at most every `look_every_s` (a look takes about a millisecond).
    """

    def __init__(self, folders: Mapping[str, Path], *, look_every_s: float = 1.0) -> None:
        self._folders = dict(sorted(folders.items(), key=lambda item: -len(item[0])))
        self._look_every_s = look_every_s
        self._looked_s = float("-inf")
        self._signature: Signature = ()
        self._version = ""
        self._graphs: dict[str, list[str]] = {}

    def version(self) -> str:
        """16 hexadecimal digits that change with any file."""
        self._look()
        return self._version

    def modules(self, entry: str) -> list[str]:
        """Addresses of an entry module and of all that it imports, itself first."""
        self._look()
        found = self._graphs.get(entry)
        if found is None:
            found = self._graphs[entry] = list(self._walk(entry))
        return found

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s < self._look_every_s:
            return
        self._looked_s = now_s
        files = {path for folder in self._folders.values() for path in folder.rglob("*") if path.suffix in KINDS}
        signature = tuple((str(path), (at := path.stat()).st_mtime_ns, at.st_size) for path in sorted(files))
        if signature == self._signature:
            return
        digest = hashlib.sha256()
        for name, _, _ in signature:
            digest.update(hashlib.sha256(Path(name).read_bytes()).digest())
        self._signature, self._version, self._graphs = signature, digest.hexdigest()[:16], {}

    def _walk(self, entry: str) -> Iterator[str]:
        seen, waiting = {entry}, [entry]
        while waiting:
            address = waiting.pop(0)
            yield address
            text = self._path(address).read_text("utf-8")
            for found in (*IMPORTED.findall(text), *IMPORTED_ALONE.findall(text)):
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)

    def _path(self, address: str) -> Path:
        for prefix, folder in self._folders.items():
            if address.startswith(prefix + "/"):
                return folder / address[len(prefix) + 1 :]
        raise FileNotFoundError(f"no folder is served at {address}")
