"""The registry of beacons: which bus each is in, when; what is wrong is said by file and beacon."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.core.rides.beacons import BeaconBook
from server.registry import RegistryError, read_beacons

KEY = "00112233445566778899aabbccddeeff"


def written(tmp_path: Path, *beacons: dict[str, Any], **more: Any) -> Path:
    path = tmp_path / "beacons.json"
    path.write_text(json.dumps({"schema": 1, "version": 4, "beacons": beacons} | more))
    return path


def test_a_beacon_that_moved_is_in_one_bus_at_a_time(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"vehicle_id": "B", "beacon_id": "x", "valid_from_ms": 1000},
        {"vehicle_id": "A", "beacon_id": "x", "valid_to_ms": 1000},
        {"vehicle_id": "C", "key": KEY},
    )
    book = BeaconBook(read_beacons(path))
    before, after = book.find("x", 999), book.find("x", 1000)
    assert before is not None
    assert after is not None
    assert (before.vehicle_id, after.vehicle_id) == ("A", "B")
    assert book.rotating == {"C"}


@pytest.mark.parametrize(
    ("beacons", "says"),
    [
        ([{"vehicle_id": "A"}], "beacon 1 (vehicle A): give either beacon_id or key"),
        ([{"vehicle_id": "A", "beacon_id": "x", "key": KEY}], "give either beacon_id or key"),
        ([{"vehicle_id": "A", "key": "0011"}], "key must be 32 to 128 hexadecimal digits"),
        ([{"vehicle_id": "A", "beacon_id": "x", "valid_from_ms": 5, "valid_to_ms": 5}], "valid_to_ms must be after"),
        ([{"vehicle_id": v, "beacon_id": "x"} for v in "AB"], "x is in A and B at once"),
        ([{"beacon_id": "x"}], "is not a beacons file"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, beacons: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(RegistryError) as refused:
        read_beacons(written(tmp_path, *beacons))
    assert says in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_another_schema_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="is not a beacons file"):
        read_beacons(written(tmp_path, schema=2))
    with pytest.raises(RegistryError, match="cannot read the beacons file"):
        read_beacons(tmp_path / "none.json")
