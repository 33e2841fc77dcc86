"""Gives the tests of the doors a running server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.web.web_world import Running, running


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with the default settings, on a street with one bus line."""
    async with running(tmp_path) as it:
        yield it
