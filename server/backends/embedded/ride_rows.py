"""Rides in the tables: the latest record of each, and every record there ever was. Back-end level, a part of `rows`."""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from server.core.model import Ride, RideId

_encode = msgspec.msgpack.Encoder().encode
_ride = msgspec.msgpack.Decoder(Ride).decode

_PUT = """INSERT INTO rides (ride_id, rider_id, vehicle_id, state, live, began_ms, changed_ms, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (ride_id) DO UPDATE SET state = excluded.state, live = excluded.live, changed_ms = excluded.changed_ms,
    record = excluded.record"""
_ADD_EVENT = "INSERT INTO ride_events (ride_id, state, changed_ms, record) VALUES (?, ?, ?, ?)"


def put(connection: sqlite3.Connection, rides: Iterable[Ride]) -> None:
    """Keep records in the order in which they were decided, inside the caller's transaction."""
    latest: dict[str, tuple[str | int | bytes, ...]] = {}
    events: list[tuple[str | int | bytes, ...]] = []
    for ride in rides:
        record, state = _encode(ride), ride.state.value
        latest[ride.ride_id] = (
            ride.ride_id, ride.rider_id, ride.vehicle_id, state, not ride.ended, ride.began_ms, ride.changed_ms, record,
        )  # fmt: skip
        events.append((ride.ride_id, state, ride.changed_ms, record))
    if events:
        connection.executemany(_PUT, latest.values())
        connection.executemany(_ADD_EVENT, events)


def not_ended(connection: sqlite3.Connection) -> list[Ride]:
    """Every ride that may still change."""
    return [_ride(record) for (record,) in connection.execute("SELECT record FROM rides WHERE live = 1 ORDER BY n")]


def find_ride(connection: sqlite3.Connection, ride_id: RideId) -> Ride | None:
    """The latest record of a ride."""
    row = connection.execute("SELECT record FROM rides WHERE ride_id = ?", (ride_id,)).fetchone()
    return None if row is None else _ride(row[0])


def recent_rides(connection: sqlite3.Connection, rider_id: str, limit: int) -> Sequence[Ride]:
    """A rider's rides, the newest first."""
    rows = connection.execute(
        "SELECT record FROM rides WHERE rider_id = ? ORDER BY began_ms DESC, n DESC LIMIT ?", (rider_id, limit)
    )
    return [_ride(record) for (record,) in rows]


def ride_changes(connection: sqlite3.Connection, after: int, limit: int) -> Sequence[tuple[int, Ride]]:
    """Records in the order of their commit, with their numbers."""
    rows = connection.execute("SELECT n, record FROM ride_events WHERE n > ? ORDER BY n LIMIT ?", (after, limit))
    return [(n, _ride(record)) for n, record in rows]
