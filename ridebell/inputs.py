"""What several commands read before they start: the network, the registries, the policy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ridebell.refusal import Refusal

if TYPE_CHECKING:
    from server.core.model import Vehicle, VehicleId
    from server.core.network import Network
    from server.core.policy import Policy
    from server.core.rides.beacons import Beacon


def network_from(path: Path) -> "Network":
    """Load a compiled network."""
    from server.gtfs.compiled import NetworkFileError, load

    try:
        return load(path)
    except NetworkFileError as error:
        raise Refusal(str(error)) from error


def vehicles_from(path: Path | None) -> "Mapping[VehicleId, Vehicle]":
    """Load the registry (`{"schema": 1, "vehicles": [{vehicle_id, plate, low_floor, seats}]}`); empty without a file."""
    from server.registry import RegistryError, read_vehicles

    if path is None:
        return {}
    try:
        return read_vehicles(path)
    except RegistryError as error:
        raise Refusal(str(error)) from error


def beacons_from(path: Path | None) -> "Sequence[Beacon]":
    """Load the registry of beacons; empty without a file."""
    from server.registry import RegistryError, read_beacons

    if path is None:
        return ()
    try:
        return read_beacons(path)
    except RegistryError as error:
        raise Refusal(str(error)) from error


def policy_from(name: str) -> "Policy":
    """Load a preset by name, or a policy file by path."""
    from server.presets import PolicyError, read_policy

    try:
        return read_policy(name)
    except PolicyError as error:
        raise Refusal(str(error)) from error
