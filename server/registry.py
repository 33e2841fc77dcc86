"""The operator's registries, read from data files: what is painted on a bus and whom it can carry; the beacons in it."""

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from server.core.model import Vehicle, VehicleId
from server.core.rides.beacons import Beacon

KEY = re.compile(r"(?:[0-9a-fA-F]{2}){16,64}")
"""A rotating beacon's key: 128 bits at least."""


class RegistryError(ValueError):
    """A registry that cannot be used; the text says what, where, and what to do."""


class _Beacons(msgspec.Struct):
    schema: Literal[1]
    version: int
    beacons: list[Beacon]


class _File(msgspec.Struct):
    schema: Literal[1]
    vehicles: list[Vehicle]


def read_vehicles(path: Path) -> Mapping[VehicleId, Vehicle]:
    """Read `{"schema": 1, "vehicles": [{"vehicle_id", "plate", "low_floor", "seats", "wheelchair_bays"}]}`; unknown values may be left out."""
    try:
        registry = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise RegistryError(f"cannot read the vehicles file {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise RegistryError(f"{path} is not a vehicles file: {error}") from error
    vehicles = {vehicle.vehicle_id: vehicle for vehicle in registry.vehicles}
    if len(vehicles) < len(registry.vehicles):
        raise RegistryError(f"{path} names a vehicle twice; each vehicle_id may come once")
    return vehicles


def read_beacons(path: Path) -> Sequence[Beacon]:
    """Read `{"schema": 1, "version", "beacons": [{"vehicle_id", "beacon_id" | "key", "valid_from_ms"?, "valid_to_ms"?}]}`.

    `version` is counted up by whoever changes the file. Raises RegistryError, also where one beacon is in two buses at once.
    """
    try:
        beacons = msgspec.json.decode(path.read_bytes(), type=_Beacons).beacons
    except OSError as error:
        raise RegistryError(f"cannot read the beacons file {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise RegistryError(f"{path} is not a beacons file: {error}") from error
    spans: dict[str, list[Beacon]] = {}
    for number, beacon in enumerate(beacons, start=1):
        wrong = _wrong(beacon)
        if wrong is not None:
            raise RegistryError(f"{path}, beacon {number} (vehicle {beacon.vehicle_id}): {wrong}")
        spans.setdefault(beacon.beacon_id or beacon.key or "", []).append(beacon)
    for name, several in spans.items():
        several.sort(key=lambda beacon: beacon.valid_from_ms)
        for one, other in itertools.pairwise(several):
            if other.valid_from_ms < one.valid_to_ms:
                where = f"{one.vehicle_id} and {other.vehicle_id}"
                raise RegistryError(f"{path}: {name} is in {where} at once; end the first with valid_to_ms")
    return beacons


def _wrong(beacon: Beacon) -> str | None:
    if (beacon.beacon_id is None) == (beacon.key is None):
        return "give either beacon_id or key"
    if beacon.key is not None and not KEY.fullmatch(beacon.key):
        return "key must be 32 to 128 hexadecimal digits"
    if beacon.valid_to_ms <= beacon.valid_from_ms:
        return "valid_to_ms must be after valid_from_ms"
    return None
