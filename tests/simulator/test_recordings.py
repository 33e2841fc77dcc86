"""Recordings and their truth: read by the product's own readers, in order, the same bytes for the same seed."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from server.core.model import BellState, VisitOutcome
from server.core.network import Network
from server.protocol.decisions import read_judged
from server.protocol.recording import CancelLine, FixLine, RingLine, SignOnLine, read_recording
from simulator.driver import Habits
from simulator.gps import Receivers
from simulator.recording import Written, write_recording
from simulator.world import Options, World

START_MS = round(datetime(2026, 11, 20, 8, 0, tzinfo=ZoneInfo("Asia/Seoul")).timestamp() * 1000)


def write(network: Network, out: Path, truth: Path | None, *, seed: int = 1, worn: bool = False) -> Written:
    options = Options(habits=Habits(sees_people=0.95), receivers=Receivers.worn() if worn else Receivers())
    world = World(network, seed=seed, start_ms=START_MS, span_s=300, options=options)
    return write_recording(world, minutes=5, out=out, truth=truth)


def test_same_seed_same_bytes(town_network: Network, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(town_network, tmp_path / f"{name}.jsonl.zst", tmp_path / f"{name}.truth.jsonl", seed=seed)
    content = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert content["a.jsonl.zst"] == content["b.jsonl.zst"] != content["c.jsonl.zst"]
    assert content["a.truth.jsonl"] == content["b.truth.jsonl"] != content["c.truth.jsonl"]


@pytest.mark.parametrize("worn", [False, True])
def test_a_recording_is_read_strictly_and_in_order(town_network: Network, tmp_path: Path, worn: bool) -> None:
    out = tmp_path / "r.jsonl"
    written = write(town_network, out, None, worn=worn)
    lines = list(read_recording(out, lenient=False, bad=[]))
    assert written == Written(len(lines), 0)
    assert [line.at_ms for line in lines] == sorted(line.at_ms for line in lines)
    kinds = Counter(type(line) for line in lines)
    assert min(kinds[kind] for kind in (SignOnLine, FixLine, RingLine, CancelLine)) > 0
    fixes = [line for line in lines if isinstance(line, FixLine)]
    assert all(fix.fixed_at_ms is not None and fix.fixed_at_ms <= fix.at_ms for fix in fixes)
    signed_on = {line.vehicle_id for line in lines if isinstance(line, SignOnLine)}
    assert {fix.vehicle_id for fix in fixes} <= signed_on


def test_truth_is_read_by_the_score_and_knows_every_fix(town_network: Network, tmp_path: Path) -> None:
    out, truth = tmp_path / "r.jsonl.zst", tmp_path / "t.jsonl.zst"
    written = write(town_network, out, truth)
    told = read_judged(truth)
    assert written.truth == sum(told.counts.values())
    fixes = {(f.vehicle_id, f.at_ms) for f in read_recording(out, lenient=False, bad=[]) if isinstance(f, FixLine)}
    placed = {(p.vehicle_id, p.at_ms) for p in told.positions}
    assert placed <= fixes
    assert not {fix for fix in fixes - placed if fix[1] < START_MS + 299_000}
    assert {visit.outcome for visit in told.stop_visits} == {VisitOutcome.STOPPED, VisitOutcome.PASSED}
    assert {bell.state for bell in told.bells} == {BellState.BOARDED, BellState.CANCELLED}
    rung = {r.bell_id for r in read_recording(out, lenient=False, bad=[]) if isinstance(r, RingLine)}
    assert {bell.bell_id for bell in told.bells} <= rung
    assert told.counts["ride"] > 0


def test_truth_knows_which_driver_could_have_been_told(town_network: Network, tmp_path: Path) -> None:
    """Each rider who boarded with a bell was called at by that bus; it could be told until its own commit point."""
    write(town_network, tmp_path / "r.jsonl", tmp_path / "t.jsonl")
    told = read_judged(tmp_path / "t.jsonl")
    boarded = {(b.bell_id, b.vehicle_id) for b in told.bells if b.state is BellState.BOARDED}
    stopped = {(c.bell_id, c.vehicle_id) for c in told.calls if c.outcome is VisitOutcome.STOPPED}
    assert stopped == boarded
    assert {call.could_be_told for call in told.calls} == {True, False}
    assert all(call.tell_by_ms <= call.at_ms for call in told.calls)
    passed = [call for call in told.calls if call.outcome is VisitOutcome.PASSED]
    visits = {(v.vehicle_id, v.trip_id, v.stop_sequence): v.outcome for v in told.stop_visits}
    assert {visits[c.vehicle_id, c.trip_id, c.stop_sequence] for c in passed} <= {VisitOutcome.PASSED}
