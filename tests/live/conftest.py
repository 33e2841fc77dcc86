"""Fixtures of the tests that talk to a running server."""

import pytest

from tests.live.street_feed import Streets, make_streets


@pytest.fixture(scope="session")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Streets:
    """A small network whose trips run now."""
    return make_streets(tmp_path_factory.mktemp("streets"))
