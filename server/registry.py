"""The operator's registry of vehicles, read from a data file: what is painted on a bus and whom it can carry."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from server.core.model import Vehicle, VehicleId


class RegistryError(ValueError):
    """A registry that cannot be used; the text says what, where, and what to do."""


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
