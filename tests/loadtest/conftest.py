"""The bundled town, compiled once, for tests of the load."""

from pathlib import Path

import pytest

from loadtest.__main__ import bundled_network
from server.core.network import Network
from server.gtfs.compiled import load


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundled_network(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="session")
def town(town_file: Path) -> Network:
    return load(town_file)
