"""Frames a server would send to a terminal, as plain dictionaries, for a line of stops 500 m apart."""

from typing import Any

from tests.rider_client.scripted_server import Frame

SPACING_M = 500.0


def trip(seq: int = 1, trip_id: str = "T1", *, stops: int = 10, **more: Any) -> Frame:
    """A trip with `stops` stops, `S0` at 0 m, `S1` at 500 m and so on; `stop_sequence` counts from 1."""
    return {
        "type": "trip",
        "seq": seq,
        "trip_id": trip_id,
        "start_date": "20260301",
        "route_id": "R1",
        "route_name": "10",
        "headsign": "종점",
        "pattern_id": "P1",
        "stops": [
            {"stop_id": f"S{i}", "stop_sequence": i + 1, "name": f"정류장 {i}", "along_m": i * SPACING_M}
            for i in range(stops)
        ],
    } | more


def alert(seq: int, stop: int = 4, **more: Any) -> Frame:
    """One rider at stop `S{stop}`; decided at 1,000 ms + seq unless said otherwise."""
    return {
        "type": "alert",
        "seq": seq,
        "alert_id": f"A{stop}",
        "trip_id": "T1",
        "stop_id": f"S{stop}",
        "stop_sequence": stop + 1,
        "stop_name": f"정류장 {stop}",
        "stage": "ahead",
        "boarding": 1,
        "alighting": 0,
        "needs": [],
        "distance_m": 300,
        "eta_s": 30,
        "valid_until_along_m": stop * SPACING_M + 30.0,
        "at_ms": 1000 + seq,
    } | more


def clear(seq: int, stop: int = 4, outcome: str = "served", **more: Any) -> Frame:
    return {"type": "clear", "seq": seq, "alert_id": f"A{stop}", "outcome": outcome, "at_ms": 2000 + seq} | more
