"""Fixtures for every test: where the shared feeds are, and one seed policy for Hypothesis."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("ci", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_report_header() -> str | None:
    """Say once, aloud, when the shared feeds are not here."""
    if _shared().is_dir():
        return None
    return f"NOTE: no shared feeds at {_shared()}: tests marked `shared` are skipped (set RIDEBELL_SHARED)"


def _shared() -> Path:
    return Path(os.environ.get("RIDEBELL_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with real feeds and traces; the test is skipped loudly without it."""
    if not _shared().is_dir():
        pytest.skip(f"needs shared feeds at {_shared()} (set RIDEBELL_SHARED)")
    return _shared()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT
