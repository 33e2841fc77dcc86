"""The reference validator's corpus and snapshots of real feeds: each taken or refused for the right reason."""

import json
from pathlib import Path

import pytest

from server.core.model import Reason
from server.gtfs.realtime import (
    FeedClock,
    FeedRefusal,
    RefusedMessage,
    VehiclePositions,
    decode_vehicle_positions,
)

pytestmark = pytest.mark.shared

RECEIVED_MS = 1_700_000_060_000
"""Just after the newest header of the corpus."""


@pytest.fixture
def corpus(shared_dir: Path) -> Path:
    return shared_dir / "data" / "gtfs_rt_conformance" / "conformance"


def expected(corpus: Path) -> list[tuple[str, list[str] | None]]:
    """Names in their order, with the rules that the reference found broken (None: it could not read it)."""
    (group,) = json.loads((corpus / "manifest.json").read_text())["groups"]
    return [(one["name"], None if one["skip"] == "decode" else one.get("rules", [])) for one in group["inputs"]]


def test_every_message_of_the_corpus(corpus: Path) -> None:
    clock = FeedClock()
    seen: dict[str, VehiclePositions | RefusedMessage] = {}
    for name, _ in expected(corpus):
        taken = decode_vehicle_positions((corpus / "bullrunner" / name).read_bytes(), received_ms=RECEIVED_MS)
        if isinstance(taken, VehiclePositions):
            taken = clock.take(taken) or taken
        seen[name] = taken
    assert len(seen) == 27
    for name, rules in expected(corpus):
        check(name, rules, seen[name])


def check(name: str, rules: list[str] | None, taken: VehiclePositions | RefusedMessage) -> None:
    """What the reference says about positions, said by us."""
    if rules is None:
        assert isinstance(taken, RefusedMessage), name
        assert taken.reason in (FeedRefusal.NOT_PROTOBUF, FeedRefusal.EMPTY), name
    elif "E018" in rules:  # header timestamp went back
        assert isinstance(taken, RefusedMessage), name
        assert taken.reason is FeedRefusal.HEADER_WENT_BACK, name
    elif "E038" in rules:  # invalid version
        assert isinstance(taken, RefusedMessage), name
        assert taken.reason is FeedRefusal.VERSION, name
    else:
        assert isinstance(taken, VehiclePositions), (name, taken)
        reasons = [one.reason for one in taken.refused]
        assert (Reason.BAD_MESSAGE in reasons) == ("E026" in rules), name  # invalid position
        assert (Reason.FIX_DUPLICATE in reasons) == ("E052" in rules), name  # one vehicle twice
        assert all(fix.speed_mps is None or fix.speed_mps < 50 for fix in taken.fixes), name  # W004
        assert all(fix.heading_deg is None or fix.heading_deg < 360 for fix in taken.fixes), name  # E027


def test_the_messages_about_positions_in_detail(corpus: Path) -> None:
    def taken(name: str) -> VehiclePositions:
        found = decode_vehicle_positions((corpus / "bullrunner" / name).read_bytes(), received_ms=RECEIVED_MS)
        assert isinstance(found, VehiclePositions)
        return found

    invalid = taken("18-invalid-positions.pb")
    assert [one.vehicle_id for one in invalid.refused] == ["pos-1"]
    assert [(fix.vehicle_id, fix.heading_deg, fix.speed_mps) for fix in invalid.fixes] == [
        ("pos-2", None, None),
        ("pos-3", None, None),
    ]
    assert [len(taken(name).fixes) for name in ("19-outside-coverage.pb", "20-off-shape.pb")] == [1, 1]
    assert [fix.vehicle_id for fix in taken("21-duplicate-vehicle.pb").fixes] == ["claimed"]
    assert len(taken("22-crossfeed-many.pb").fixes) == 60


@pytest.mark.parametrize(
    ("name", "received_s", "vehicles", "with_trip", "with_route"),
    [
        ("raba-vehicle-positions.pb", 1749416910, 22, 1, 1),
        ("unitrans-vehicle-positions.pb", 1749416350, 8, 5, 5),
        ("bullrunner-vehicle-positions.pb", 1505314380, 10, 0, 10),
        ("raba-trip-updates.pb", 1749416950, 0, 0, 0),
        ("unitrans-trip-updates.pb", 1749416950, 0, 0, 0),
    ],
)
def test_snapshots_of_real_feeds(
    shared_dir: Path, name: str, received_s: int, vehicles: int, with_trip: int, with_route: int
) -> None:
    data = (shared_dir / "data" / "gtfs_rt_snapshots" / name).read_bytes()
    taken = decode_vehicle_positions(data, received_ms=received_s * 1000)
    assert isinstance(taken, VehiclePositions)
    assert taken.refused == ()
    assert len(taken.fixes) == vehicles
    assert sum(fix.trip is not None for fix in taken.fixes) == with_trip
    assert sum(fix.route_id is not None for fix in taken.fixes) == with_route
    assert all(received_s - 3600 < fix.at_ms / 1000 <= received_s for fix in taken.fixes)
