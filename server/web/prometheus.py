"""The runtime's counters in Prometheus' text format. Web level; numbers only, never who or where."""

import os
import resource
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from server.core.model import Reason
from server.runtime import Runtime
from server.telemetry import Latency

_started_s = time.time()
_page_bytes = resource.getpagesize()


def exposition(runtime: Runtime, *, sessions: int, stop_boards: int) -> str:
    """Write all metrics."""
    telemetry, figures = runtime.telemetry, runtime.metrics()
    lines: list[str] = []
    lines += _one("ridebell_fixes_taken_total", "counter", "Position reports taken.", telemetry.fixes_taken)
    lines += _one(
        "ridebell_fixes_overtaken_total",
        "counter",
        "Reports replaced by a newer one of their bus before they were looked at.",
        telemetry.fixes_overtaken,
    )
    lines += _many(
        "ridebell_fixes_refused_total", "counter", "Position reports refused.", "reason", telemetry.fixes_refused
    )
    lines += _many("ridebell_refused_total", "counter", "Requests refused.", "reason", telemetry.refused)
    lines += _many("ridebell_bell_states_total", "counter", "Times a bell reached a state.", "state", telemetry.bells)
    lines += _one("ridebell_passbys_total", "counter", "Buses that passed a rider who had rung.", telemetry.passbys)
    lines += _one("ridebell_faults_total", "counter", "Events that a rule could not digest.", telemetry.faults)
    lines += _one(
        "ridebell_notes_dropped_total",
        "counter",
        "Notes for operators that found no room in the journal's queue.",
        telemetry.notes_dropped,
    )
    lines += _one("ridebell_bells_open", "gauge", "Bells that have not ended.", figures.bells_open)
    lines += _one("ridebell_vehicles", "gauge", "Vehicles that reported lately.", figures.vehicles)
    lines += _one("ridebell_terminals_up", "gauge", "Terminals with a live link.", figures.terminals_up)
    lines += _one(
        "ridebell_terminals_silent",
        "gauge",
        "Terminals with a link whose bus does not report.",
        figures.terminals_silent,
    )
    lines += _one("ridebell_sessions", "gauge", "Open sockets.", sessions)
    lines += _one("ridebell_watched_stops", "gauge", "Stops that somebody watches.", stop_boards)
    lines += _one("ridebell_ready", "gauge", "1 when this server should get traffic.", int(runtime.not_ready is None))
    for name, help_text, latency in (
        ("ridebell_fix_to_alert_seconds", "From a fix's arrival to its alert's commit.", telemetry.fix_to_alert),
        ("ridebell_ring_to_answer_seconds", "From a ring's arrival to its commit.", telemetry.ring_to_answer),
        (
            "ridebell_alert_to_shown_seconds",
            "From an alert to the screen's word that it shows it.",
            telemetry.alert_to_shown,
        ),
        ("ridebell_ring_to_shown_seconds", "From a ring to the driver's screen.", telemetry.ring_to_shown),
    ):
        lines += _summary(name, help_text, latency)
    return "\n".join((*lines, *_process(), ""))


def _head(name: str, kind: str, help_text: str) -> list[str]:
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]


def _one(name: str, kind: str, help_text: str, value: float) -> list[str]:
    return [*_head(name, kind, help_text), f"{name} {value}"]


def _many(name: str, kind: str, help_text: str, label: str, values: Counter[Reason] | Counter[str]) -> list[str]:
    return [*_head(name, kind, help_text), *(f'{name}{{{label}="{key}"}} {value}' for key, value in values.items())]


def _summary(name: str, help_text: str, latency: Latency) -> list[str]:
    lines = _head(name, "summary", help_text)
    for percentile, value_ms in latency.percentiles().items():
        if value_ms is not None:
            lines.append(f'{name}{{quantile="0.{percentile[1:]}"}} {value_ms / 1000:.6f}')
    return [*lines, f"{name}_sum {latency.total_ms / 1000:.6f}", f"{name}_count {latency.count}"]


def _process() -> Iterable[str]:
    """The process itself, under the names that Prometheus' own clients use."""
    times = os.times()
    yield from _one("process_cpu_seconds_total", "counter", "CPU time.", round(times.user + times.system, 3))
    yield from _one("process_start_time_seconds", "gauge", "Start of the process, epoch seconds.", round(_started_s, 3))
    statm, fds = Path("/proc/self/statm"), Path("/proc/self/fd")
    if statm.exists():
        resident = int(statm.read_text().split()[1]) * _page_bytes
        yield from _one("process_resident_memory_bytes", "gauge", "Resident memory.", resident)
        yield from _one("process_open_fds", "gauge", "Open files and sockets.", len(list(fds.iterdir())))
