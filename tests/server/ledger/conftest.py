"""Fixtures of the ledger's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.web.web_world import Running, running


@pytest.fixture
async def server_without(tmp_path: Path) -> AsyncIterator[Running]:
    """A server on which rides cost nothing."""
    async with running(tmp_path) as server:
        yield server
