"""The pages' own files under /static: only kinds a page is made of, compressed once, revalidated by ETag. Web level."""

import asyncio
import gzip
import hashlib
import importlib.util
import os
import stat
from pathlib import Path
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What may be served, whatever else lies in a folder; the types do not depend on the machine's own table."""
PACKED_ALREADY = {".ico", ".mp3", ".png", ".webp", ".woff2"}
LEAST_BYTES = 400
"""Below this a compressed file with its header is no smaller."""


def folder_of(package: str, *inside: str) -> Path:
    """Find a folder that ships inside a package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"package {package} is not installed; its pages cannot be served")
    return Path(spec.submodule_search_locations[0]).joinpath(*inside)


class _File(NamedTuple):
    """One file as it was when it was read."""

    changed_ns: int
    size: int
    plain: bytes
    packed: bytes | None
    tag: str


class PageFiles(StaticFiles):
    """One folder of page files, each read and compressed once for as long as it does not change on the disk.

    What is kept in memory is bounded by what lies in the folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._files: dict[str, _File] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file of a known kind; anything else is not here."""
        kind = KINDS.get(Path(path).suffix)
        if kind is None or any(part.startswith((".", "_")) for part in Path(path).parts):
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        file = await asyncio.to_thread(self._find, path)
        if file is None:
            raise HTTPException(404)
        return _answer(file, kind, Headers(scope=scope))

    def _find(self, path: str) -> _File | None:
        full, found = self.lookup_path(path)
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        kept = self._files.get(full)
        if kept is None or (kept.changed_ns, kept.size) != (found.st_mtime_ns, found.st_size):
            kept = self._files[full] = _read(full, found)
        return kept


def _read(full: str, found: os.stat_result) -> _File:
    path = Path(full)
    plain = path.read_bytes()
    packed = None
    if path.suffix not in PACKED_ALREADY and len(plain) >= LEAST_BYTES:
        packed = gzip.compress(plain, 9, mtime=0)
    return _File(found.st_mtime_ns, found.st_size, plain, packed, hashlib.sha256(plain).hexdigest()[:16])


def _answer(file: _File, kind: str, asked: Headers) -> Response:
    """Ask again each time (`no-cache`): pages and their parts must be of one version; an unchanged file is 304."""
    packs = file.packed is not None and "gzip" in asked.get("accept-encoding", "")
    etag = f'"{file.tag}{"-gz" if packs else ""}"'
    headers = {"etag": etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if etag in asked.get("if-none-match", ""):
        return Response(None, 304, headers)
    if packs:
        headers["content-encoding"] = "gzip"
    return Response(file.packed if packs else file.plain, 200, headers, media_type=kind)
