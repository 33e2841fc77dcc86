"""How the world of radios is: numbers from `physics.json`, usual or harsh. Level 0 of the radios."""

from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

PHYSICS = Path(__file__).with_name("physics.json")


class Profile(StrEnum):
    """Which of the two worlds: as it usually is, or with everything worse at once."""

    USUAL = "usual"
    HARSH = "harsh"


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number of the file, with where it comes from."""

    usual: float = msgspec.field(name="is")
    source: str = msgspec.field(name="from")
    harsh: float | None = None
    note: str = ""


class Air(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a beacon to a phone: log-distance path loss, shadows, fading, losses. Levels dBm, losses dB, times s."""

    one_metre_dbm: float
    path_exponent: float
    fading_db: float
    shadow_db: float
    shadow_s: float
    crowd_db: float
    vehicle_db: float
    vehicle_sigma_db: float
    sensitivity_dbm: float
    advertising_s: float
    received: float
    broken_beacon: float


class Phones(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What phones are like: where they are carried, how they scan, when they report. Shares 0 to 1, times s."""

    chip_db: float
    hand: float
    pocket: float
    pocket_db: float
    bag_db: float
    balanced: float
    low_power: float
    ranging: float
    balanced_duty: float
    low_power_period_s: float
    low_power_duty: float
    ranging_duty: float
    woken_s: float
    left_after_s: float
    position_s: float
    bias_m: float
    bias_s: float
    no_positions: float
    clock_s: float
    upload_s: float
    offline: float
    offline_s: float
    dies: float


class Passers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who comes near a bus without riding: shares of each kind, and how long they keep to it."""

    kerb: float
    walker: float
    bicycle: float
    car: float
    bay: float
    tailgate: float
    replay: float
    spoof: float
    lane_gaps: float
    tail_gaps: float
    replay_s: float


class Riders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far riders ride, what they do then, and which beacons their buses carry."""

    stops: float
    stays: float
    rotating: float


class Physics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    air: Air
    phone: Phones
    passers: Passers
    riders: Riders


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    version: int
    about: str
    sources: dict[str, str]
    air: dict[str, Number]
    phone: dict[str, Number]
    passers: dict[str, Number]
    riders: dict[str, Number]


def load_physics(profile: Profile = Profile.USUAL) -> Physics:
    """Read the numbers of a world. A number without a source in the file's list raises ValueError."""
    file = msgspec.json.decode(PHYSICS.read_bytes(), type=_File)
    parts: dict[str, dict[str, Any]] = {}
    for part in ("air", "phone", "passers", "riders"):
        numbers: dict[str, Number] = getattr(file, part)
        for name, number in numbers.items():
            if number.source != "own" and number.source not in file.sources:
                raise ValueError(
                    f"{PHYSICS.name}: {part}.{name} names the source {number.source!r}; list it in `sources`"
                )
        harsh = profile is Profile.HARSH
        parts[part] = {n: x.harsh if harsh and x.harsh is not None else x.usual for n, x in numbers.items()}
    return msgspec.convert(parts, Physics)
