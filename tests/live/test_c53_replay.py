"""The same morning of C53 as a recording: `ridebell replay` twice gives the same bytes, and the same bell holds."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.shared

BELLS = [
    ("5461", "30894100", "4534", 40, 1771260850, 1771260888),
    ("2836", "20534100", "18246", 42, 1771260224, 1771260254),
]
"""Vehicle, trip, stop, stop_sequence and the bracket of the passage (from stop_passages_derived.csv)."""


def recording_of(data: Path, out: Path) -> None:
    """Positions by receive time, the agency's trip ids as sign-ons, and two riders who ring 200 s ahead of a bus."""
    events: list[tuple[int, dict[str, object]]] = []
    running: dict[str, tuple[str, str]] = {}
    with (data / "vehicle_positions.csv").open() as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["ts"]))
    for row in rows:
        at_ms, vehicle = int(row["ts"]) * 1000, row["vehicle_id"]
        if running.get(vehicle) != (row["trip_id"], row["start_date"]):
            running[vehicle] = row["trip_id"], row["start_date"]
            on = {"type": "sign_on", "vehicle_id": vehicle, "trip_id": row["trip_id"], "start_date": row["start_date"]}
            events.append((at_ms, on))
        fix: dict[str, object] = {
            "type": "fix",
            "vehicle_id": vehicle,
            "lat": float(row["lat"]),
            "lon": float(row["lon"]),
        }
        if row["speed_mps"]:
            fix["speed_mps"] = float(row["speed_mps"])
        if row["bearing"]:
            fix["heading_deg"] = float(row["bearing"])
        events.append((at_ms, fix))
    places = {row["stop_id"]: row for row in _stops(data)}
    for k, (_, trip, stop, sequence, before_s, _) in enumerate(BELLS):
        direction = next(int(row["direction_id"]) for row in rows if row["trip_id"] == trip)
        ring: dict[str, object] = {
            "type": "ring",
            "rider": f"rider-{k}",
            "bell_id": f"00000000-0000-4000-8000-00000000000{k}",
            "kind": "board",
            "stop_id": stop,
            "route_id": "C53",
            "direction_id": direction,
            "stop_sequence": sequence,
            "presence": {
                "lat": float(places[stop]["stop_lat"]),
                "lon": float(places[stop]["stop_lon"]),
                "accuracy_m": 5.0,
            },
        }
        events.append(((before_s - 200) * 1000, ring))
    events.sort(key=lambda event: event[0])
    out.write_text("".join(json.dumps({"at_ms": at_ms} | event) + "\n" for at_ms, event in events))


def _stops(data: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(data / "gtfs.zip") as feed:
        return list(csv.DictReader(io.TextIOWrapper(feed.open("stops.txt"), encoding="utf-8-sig")))


def ridebell(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "ridebell", *words], check=True, capture_output=True)


def test_twice_the_same_bytes_and_the_bell_holds(shared_dir: Path, tmp_path: Path) -> None:
    data = shared_dir / "data" / "wmata_bus_2026"
    network, recording = tmp_path / "c53.network", tmp_path / "c53.jsonl"
    ridebell("import", str(data / "gtfs.zip"), "--out", str(network))
    recording_of(data, recording)
    outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for out in outs:
        ridebell("replay", "--network", str(network), str(recording), "--trace", "--out", str(out))
    assert outs[0].read_bytes() == outs[1].read_bytes()
    decisions = [json.loads(line) for line in outs[0].read_text().splitlines()]
    for k, (_, _, stop, sequence, _, _) in enumerate(BELLS):
        states = [d for d in decisions if d["type"] == "bell" and d["rider"] == f"rider-{k}"]
        told = next(d for d in decisions if d["type"] == "alert" and d["stop_id"] == stop)
        assert told["stop_sequence"] == sequence
        served = next(d for d in states if d["state"] in ("served", "passed"))
        bracket = _bracket(data, served["vehicle_id"], told["trip_id"], sequence)
        assert told["at_ms"] < bracket[0] * 1000
        visit = next(
            d
            for d in decisions
            if d["type"] == "stop_visit" and d["trip_id"] == told["trip_id"] and d["stop_sequence"] == sequence
        )
        assert visit["departed_ms"] >= (bracket[0] - 5) * 1000
        assert visit["arrived_ms"] <= (bracket[1] + 5) * 1000


def _bracket(data: Path, vehicle: str, trip: str, sequence: int) -> tuple[int, int]:
    with (data / "stop_passages_derived.csv").open() as file:
        for row in csv.DictReader(file):
            if (row["vehicle_id"], row["trip_id"], int(row["stop_sequence"])) == (vehicle, trip, sequence):
                return int(row["t_before"]), int(row["t_after"])
    raise LookupError(f"no passage of {vehicle} on {trip} at {sequence}")
