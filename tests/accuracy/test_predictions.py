"""Predicted arrivals on real days, by a strictly causal pass: against carrying lateness forward, and against a peer."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from server.core.engine import RouteEngine
from server.core.model import TripId
from server.core.network import Network
from server.core.policy import Policy
from server.protocol.decisions import PredictionLine, StopVisitLine
from server.protocol.recording import RecordedLine
from server.protocol.render import Renderer
from server.replay import Replay
from server.score_predictions import score_predictions
from tests.accuracy.real_traces import KNOWN_BAD, Line, c53_lines, network_of, rows_of
from tests.accuracy.stib_trace import stib

pytestmark = pytest.mark.shared

EVERY_S = 10
STOPS_AHEAD = (1, 3, 5, 10)
LONGEST_GAP_S = 100
"""Truth of a passage is a line between two fixes: a wider bracket is no truth."""
C53_DAY = "20260216"
WASHINGTON = ZoneInfo("America/New_York")


class Passage(NamedTuple):
    """A bus went by a stop: when it did, and when it should have."""

    at_ms: int
    planned_ms: int


Run = dict[int, Passage]
"""Passages of one run by index of the visit."""


def say(figure: str) -> None:
    """Figures are for whoever runs with `-s`, and for the docs."""
    sys.stdout.write(f"{figure}\n")


def foretold(network: Network, lines: Iterator[Line], *, every_s: int = EVERY_S) -> list[PredictionLine]:
    """All that is predicted in one pass, every so many seconds."""
    engine = RouteEngine(network, Policy(), vehicles={}, assume_terminal=True)
    replay = Replay(engine, Renderer(network, {}), predict_s=every_s)
    decisions = replay.run(msgspec.convert(line, RecordedLine) for line in lines)
    return [msgspec.convert(d, PredictionLine) for d in decisions if d["type"] == "prediction"]


@cache
def c53(data: Path) -> tuple[Network, Sequence[PredictionLine], dict[tuple[str, str], Run]]:
    """C53 with sign-on, and its passages as they were."""
    network = network_of(data / "wmata_bus_2026" / "gtfs.zip")
    runs: dict[tuple[str, str], Run] = {}
    for row in rows_of(data / "wmata_bus_2026" / "stop_passages_derived.csv"):
        name = row["vehicle_id"], row["trip_id"]
        if name not in KNOWN_BAD and int(row["t_after"]) - int(row["t_before"]) <= LONGEST_GAP_S:
            trip = network.trip(TripId(row["trip_id"]))
            assert trip is not None
            visits = network.pattern(trip.pattern_index).visits
            index = next(v.index for v in visits if v.stop_sequence == int(row["stop_sequence"]))
            planned_ms = network.day_start_ms(C53_DAY) + 1000 * int(trip.arrivals_s[index])
            runs.setdefault(name, {})[index] = Passage(int(row["t_est"]) * 1000, planned_ms)
    return network, foretold(network, c53_lines(data, sign_on=True)), runs


def test_c53_a_fifth_better_than_carrying_lateness_forward(shared_dir: Path) -> None:
    """At the first prediction after each passage, both are asked of the stops 1, 3, 5 and 10 beyond it."""
    network, predictions, runs = c53(shared_dir / "data")
    errors: dict[int, list[tuple[float, float]]] = {n: [] for n in STOPS_AHEAD}
    asked: set[tuple[str, str, int]] = set()
    for line in predictions:
        run = runs.get((line.vehicle_id, line.trip_id), {})
        behind = [i for i, passage in run.items() if line.at_ms - 1000 * EVERY_S < passage.at_ms <= line.at_ms]
        last = max(behind, default=None)
        if last is None or (line.vehicle_id, line.trip_id, last) in asked:
            continue
        asked.add((line.vehicle_id, line.trip_id, last))
        for n, baseline_s, ours_s in _beyond(network, line, run, last):
            errors[n].append((baseline_s, ours_s))
    for n, pairs in errors.items():
        baseline_s, ours_s = np.abs(np.array(pairs)).mean(axis=0)
        say(f"C53, {n:2d} stops ahead: {ours_s:5.1f} s, lateness carried forward {baseline_s:5.1f} s, n {len(pairs)}")
        assert len(pairs) > 500
        assert ours_s <= 0.8 * baseline_s


def _beyond(network: Network, line: PredictionLine, run: Run, last: int) -> Iterator[tuple[int, float, float]]:
    """Errors in seconds of both at the visits so many beyond the one last passed, where truth knows them."""
    trip = network.trip(TripId(line.trip_id))
    assert trip is not None
    visits = network.pattern(trip.pattern_index).visits
    said_ms = {stop.stop_sequence: stop.p50_ms for stop in line.stops}
    late_ms = run[last].at_ms - run[last].planned_ms
    for n in STOPS_AHEAD:
        true = run.get(last + n)
        if true is not None and true.at_ms > line.at_ms and visits[last + n].stop_sequence in said_ms:
            ours_ms = said_ms[visits[last + n].stop_sequence]
            yield n, (true.at_ms - true.planned_ms - late_ms) / 1000, (true.at_ms - ours_ms) / 1000


def test_c53_bands_hold_what_they_say(shared_dir: Path) -> None:
    network, predictions, runs = c53(shared_dir / "data")
    truth = [
        StopVisitLine(
            at_ms=passage.at_ms,
            vehicle_id=vehicle_id,
            trip_id=trip_id,
            stop_sequence=network.pattern(trip.pattern_index).visits[index].stop_sequence,
            arrived_ms=passage.at_ms,
        )
        for (vehicle_id, trip_id), run in runs.items()
        if (trip := network.trip(TripId(trip_id))) is not None
        for index, passage in run.items()
    ]
    found = score_predictions(predictions, truth)
    for name in ("stops_1", "stops_3", "stops_5", "stops_10", "all"):
        say(f"C53, {name}: {getattr(found, name)}")
    assert found.all.coverage is not None
    assert 0.75 <= found.all.coverage <= 0.85


def test_tram_55_bands_hold_what_they_say(shared_dir: Path) -> None:
    """A tram, positions by the metre every 20 s, arrivals measured: learning is as good where the timetable is."""
    network, lines, truth = stib(shared_dir / "data")
    found = score_predictions(foretold(network, iter(lines), every_s=30), truth)
    for name in ("stops_1", "stops_3", "stops_5", "stops_10", "all"):
        say(f"tram 55, {name}: {getattr(found, name)}")
    assert found.judged > 50_000
    assert found.all.coverage is not None
    assert 0.75 <= found.all.coverage <= 0.85


def test_s2_no_worse_than_the_peer(shared_dir: Path) -> None:
    """TheTransitClock's own predictions of one trip, arrivals against arrivals at the same fixes and stops."""
    data = shared_dir / "data" / "wmata_avl_2016"
    network = network_of(data / "gtfs_S2.zip")
    ours_s, peer_s = [], []
    said, true_ms = _s2_pass(network, rows_of(data / "avl_S2_2113.csv"))
    for row in rows_of(data / "peer_predictions_S2_2113.csv"):
        at_ms, sequence = _wall_ms(row["avlTime"]), int(row["gtfsStopSeq"])
        is_arrival = row["isArrival"].startswith("1")
        if is_arrival and (at_ms, sequence) in said and true_ms.get(sequence, 0) > at_ms:
            ours_s.append((true_ms[sequence] - said[at_ms, sequence]) / 1000)
            peer_s.append((true_ms[sequence] - _wall_ms(row["predictionTime"])) / 1000)
    ours, peer = np.abs(ours_s).mean(), np.abs(peer_s).mean()
    say(f"S2: {ours:.1f} s, peer {peer:.1f} s, n {len(ours_s)}")
    assert len(ours_s) > 150
    assert ours <= peer


def _s2_pass(network: Network, rows: Sequence[dict[str, str]]) -> tuple[dict[tuple[int, int], int], dict[int, float]]:
    """What is predicted at each fix (time, stop → p50), and when the bus went by each stop between its fixes."""
    trip = network.trip(TripId("877611130"))
    assert trip is not None
    engine = RouteEngine(network, Policy(), vehicles={}, assume_terminal=True)
    replay = Replay(engine, Renderer(network, {}), trace=True)
    said: dict[tuple[int, int], int] = {}
    seen: list[tuple[float, float]] = []
    for line in _s2_lines(rows):
        at_ms = line["at_ms"]
        decisions = [*replay.pass_time(at_ms), *replay.take(msgspec.convert(line, RecordedLine))]
        seen += [(d["progress_m"], at_ms) for d in decisions if d["type"] == "position" and d["on_route"]]
        for prediction in engine.predictions(at_ms):
            said |= {(at_ms, stop.stop_sequence): stop.p50_ms for stop in prediction.stops}
    along_m, times_ms = np.array(seen).T
    visits = [v for v in network.pattern(trip.pattern_index).visits if along_m[0] < v.along_m <= along_m[-1]]
    return said, {v.stop_sequence: float(np.interp(v.along_m, along_m, times_ms)) for v in visits}


def _s2_lines(rows: Sequence[dict[str, str]]) -> Iterator[Line]:
    rows = sorted(rows, key=lambda row: row["time"])
    first_ms = _wall_ms(rows[0]["time"]) - 1000
    run = {"trip_id": "877611130", "start_date": "20160429"}
    yield {"at_ms": first_ms, "type": "sign_on", "vehicle_id": "2113"} | run
    for row in rows:
        fix: Line = {"at_ms": _wall_ms(row["time"]), "type": "fix", "vehicle_id": "2113"}
        yield fix | {
            "lat": float(row["latitude"]),
            "lon": float(row["longitude"]),
            "heading_deg": float(row["heading"]),
        }


def _wall_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=WASHINGTON).timestamp() * 1000)
