"""Lets the tests of the doors import their world by name, and gives them a running server."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from web_world import Running, running


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    """A server with the default settings, on a street with one bus line."""
    async with running(tmp_path) as it:
        yield it
