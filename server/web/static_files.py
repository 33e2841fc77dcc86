"""The pages' own files under /static: only kinds a page is made of, revalidated by ETag. Web level."""

import importlib.util
import mimetypes
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What may be served, whatever else lies in a folder; the types do not depend on the machine's own table."""

for suffix, kind in KINDS.items():
    mimetypes.add_type(kind, suffix)


def folder_of(package: str, *inside: str) -> Path:
    """Find a folder that ships inside a package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"package {package} is not installed; its pages cannot be served")
    return Path(spec.submodule_search_locations[0]).joinpath(*inside)


class PageFiles(StaticFiles):
    """One folder of page files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file of a known kind; anything else is not here."""
        if Path(path).suffix not in KINDS or any(part.startswith((".", "_")) for part in Path(path).parts):
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Ask again each time: pages and their parts must be of one version."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response
