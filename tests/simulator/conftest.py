"""The bundled town, written and imported once."""

from pathlib import Path

import pytest

from server.core.network import Network
from server.gtfs.schedule import Schedule, read_schedule
from simulator.networks import town


@pytest.fixture(scope="session")
def town_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town") / "town.zip"
    town.write_feed(path)
    return path


@pytest.fixture(scope="session")
def town_schedule(town_zip: Path) -> Schedule:
    return read_schedule(town_zip)


@pytest.fixture(scope="session")
def town_network(town_schedule: Schedule) -> Network:
    return Network(town_schedule.columns)
