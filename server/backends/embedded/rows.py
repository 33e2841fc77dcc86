"""What batches become in the tables, and records again. Back-end level, between records and SQL; no threads here."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias, assert_never

import msgspec

from server.backends.embedded import forgetting, lives, ride_rows
from server.core.model import Alert, Assignment, Bell, BellId, Fact, Ride, StopVisit
from server.ports import Batch, Forget, Outgoing, Recovered

KEPT_PER_STREAM = 64
"""Messages kept per stream for a client that resumes (the contract's least); who was away longer takes a snapshot."""

Row: TypeAlias = tuple[str | int | bytes | None, ...]

_encode = msgspec.msgpack.Encoder().encode
_bell = msgspec.msgpack.Decoder(Bell).decode
_alert = msgspec.msgpack.Decoder(Alert).decode
_assignment = msgspec.msgpack.Decoder(Assignment).decode
_visit = msgspec.msgpack.Decoder(StopVisit).decode

_PUT_BELL = """INSERT INTO bells (bell_id, rider_id, state, open, rung_ms, changed_ms, record) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (bell_id) DO UPDATE SET state = excluded.state, open = excluded.open, changed_ms = excluded.changed_ms,
    record = excluded.record"""
_PUT_ALERT = """INSERT INTO alerts (alert_id, vehicle_id, live, at_ms, record) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (alert_id) DO UPDATE SET live = excluded.live, at_ms = excluded.at_ms, record = excluded.record"""
_PUT_ASSIGNMENT = """INSERT INTO assignments (vehicle_id, live, at_ms, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (vehicle_id) DO UPDATE SET live = excluded.live, at_ms = excluded.at_ms, record = excluded.record"""
_ADD_BELL_EVENT = "INSERT INTO bell_events (bell_id, state, changed_ms, vehicle_id, record) VALUES (?, ?, ?, ?, ?)"
_ADD_ALERT_EVENT = "INSERT INTO alert_events (alert_id, vehicle_id, outcome, at_ms, record) VALUES (?, ?, ?, ?, ?)"
_ADD_VISIT = "INSERT INTO stop_visits (at_ms, vehicle_id, stop_id, outcome, record) VALUES (?, ?, ?, ?, ?)"
_ADD_NOTE = "INSERT INTO notes (kind, at_ms, about, record) VALUES (?, ?, ?, ?)"
_ADD_OUTGOING = "INSERT INTO outgoing (stream, seq, key, at_ms, frame) VALUES (?, ?, ?, ?, ?)"
_FIRST_OF_STREAM = "INSERT INTO streams (last_seq, stream) VALUES (?, ?)"
_NEXT_OF_STREAM = "UPDATE streams SET last_seq = ? WHERE stream = ? AND last_seq = ?"
_TRIM_STREAM = "DELETE FROM outgoing WHERE stream = ? AND seq <= ?"


class OutOfStepError(ValueError):
    """A message's number is not its stream's last number plus one."""


class GroupRows:
    """The rows of one transaction: batches are added in order, then written table by table.

    Of records with the same id only the last is put into a table of latest records; histories get every one.
    """

    def __init__(self) -> None:
        self._bells: dict[str, Row] = {}
        self._alerts: dict[str, Row] = {}
        self._assignments: dict[str, Row] = {}
        self._bell_events: list[Row] = []
        self._alert_events: list[Row] = []
        self._lives: list[Row] = []
        self._rides: list[Ride] = []
        self._visits: list[Row] = []
        self._notes: list[Row] = []
        self._outgoing: list[Row] = []
        self._streams: dict[str, tuple[int, int]] = {}
        self._forgets: list[Forget] = []

    def add(self, batch: Batch) -> None:
        """Take a batch's rows; raises `OutOfStepError` when its messages' numbers have a gap or a repetition."""
        for fact in batch.facts:
            self._add_fact(fact)
        for visit in batch.visits:
            row = (visit.at_ms, visit.vehicle_id, visit.stop_id, visit.outcome.value, _encode(visit))
            self._visits.append(row)
        for note in batch.notes:
            self._notes.append((note.__struct_config__.tag, note.at_ms, note.about, _encode(note)))
        for message in batch.outgoing:
            self._add_outgoing(message)
        if batch.forget is not None:
            self._forgets.append(batch.forget)

    def _add_fact(self, fact: Fact) -> None:
        if isinstance(fact, Ride):
            self._rides.append(fact)
            return
        record = _encode(fact)
        match fact:
            case Bell():
                state, changed_ms = fact.state.value, fact.changed_ms
                self._bells[fact.bell_id] = (
                    fact.bell_id, fact.rider_id, state, not fact.ended, fact.rung_ms, changed_ms, record,
                )  # fmt: skip
                self._lives.append(lives.row_of(fact))
                self._bell_events.append((fact.bell_id, state, changed_ms, fact.vehicle_id, record))
            case Alert():
                outcome = None if fact.outcome is None else fact.outcome.value
                self._alerts[fact.alert_id] = (fact.alert_id, fact.vehicle_id, outcome is None, fact.at_ms, record)
                self._alert_events.append((fact.alert_id, fact.vehicle_id, outcome, fact.at_ms, record))
            case Assignment():
                live = not (fact.trip is None and fact.route_id is None and fact.block_id is None)
                self._assignments[fact.vehicle_id] = (fact.vehicle_id, live, fact.at_ms, record)
            case _:
                assert_never(fact)

    def _add_outgoing(self, message: Outgoing) -> None:
        first, last = self._streams.get(message.stream, (message.seq, message.seq - 1))
        if message.seq != last + 1:
            raise OutOfStepError(f"message {message.seq} of {message.stream} follows {last}")
        self._streams[message.stream] = (first, message.seq)
        self._outgoing.append((message.stream, message.seq, message.key, message.at_ms, message.frame))

    def write(self, connection: sqlite3.Connection) -> None:
        """Run the statements, inside the caller's transaction; raises `OutOfStepError` or `sqlite3.Error`."""
        self._number_streams(connection)
        tables = (
            (_PUT_BELL, self._bells.values()),
            (_PUT_ALERT, self._alerts.values()),
            (_PUT_ASSIGNMENT, self._assignments.values()),
            (_ADD_BELL_EVENT, self._bell_events),
            (_ADD_ALERT_EVENT, self._alert_events),
            (_ADD_VISIT, self._visits),
            (_ADD_NOTE, self._notes),
            (_ADD_OUTGOING, self._outgoing),
            (_TRIM_STREAM, self._trims()),
        )
        for statement, rows in tables:
            if rows:
                connection.executemany(statement, rows)
        lives.put(connection, self._lives)
        ride_rows.put(connection, self._rides)
        for forget in self._forgets:
            forgetting.forget(connection, forget)

    def _number_streams(self, connection: sqlite3.Connection) -> None:
        new = [(last, stream) for stream, (first, last) in self._streams.items() if first == 1]
        grown = [(last, stream, first - 1) for stream, (first, last) in self._streams.items() if first != 1]
        if new:
            connection.executemany(_FIRST_OF_STREAM, new)
        if grown and connection.executemany(_NEXT_OF_STREAM, grown).rowcount != len(grown):
            raise OutOfStepError(
                f"a message of {', '.join(row[1] for row in grown[:3])} does not follow the last one kept"
            )

    def _trims(self) -> list[Row]:
        return [
            (stream, last - KEPT_PER_STREAM) for stream, (_, last) in self._streams.items() if last > KEPT_PER_STREAM
        ]


# -- reading -------------------------------------------------------------------


ANSWERED_KEPT = 20_000
"""Of so many bells rung last, those that a bus has answered are known again: their riders may still be on board."""
_ANSWERED_LATELY = """SELECT record FROM bells
    WHERE n > (SELECT coalesce(max(n), 0) FROM bells) - ? AND state IN ('served', 'boarded') ORDER BY n"""


def recover(connection: sqlite3.Connection) -> Recovered:
    """Everything not ended, riders that are still on board, and the last number of each stream, as of one instant."""
    with _snapshot(connection):
        facts: list[Fact] = []
        facts += [
            _bell(record) for (record,) in connection.execute("SELECT record FROM bells WHERE open = 1 ORDER BY n")
        ]
        facts += [_bell(record) for (record,) in connection.execute(_ANSWERED_LATELY, (ANSWERED_KEPT,))]
        facts += [
            _alert(record) for (record,) in connection.execute("SELECT record FROM alerts WHERE live = 1 ORDER BY n")
        ]
        facts += [
            _assignment(record)
            for (record,) in connection.execute("SELECT record FROM assignments WHERE live = 1 ORDER BY vehicle_id")
        ]
        facts += ride_rows.not_ended(connection)
        return Recovered(facts=facts, last_seq=dict(connection.execute("SELECT stream, last_seq FROM streams")))


def find_bell(connection: sqlite3.Connection, bell_id: BellId) -> Bell | None:
    """The latest record of a bell."""
    row = connection.execute("SELECT record FROM bells WHERE bell_id = ?", (bell_id,)).fetchone()
    return None if row is None else _bell(row[0])


def recent_bells(connection: sqlite3.Connection, rider_id: str, limit: int) -> Sequence[Bell]:
    """A rider's bells, newest ring first."""
    rows = connection.execute(
        "SELECT record FROM bells WHERE rider_id = ? ORDER BY rung_ms DESC, n DESC LIMIT ?", (rider_id, limit)
    )
    return [_bell(record) for (record,) in rows]


def outgoing_since(connection: sqlite3.Connection, stream: str, seq: int, limit: int) -> Sequence[Outgoing] | None:
    """Messages after `seq`, or None when the next one is not kept (too old, or never made)."""
    with _snapshot(connection):
        row = connection.execute("SELECT last_seq FROM streams WHERE stream = ?", (stream,)).fetchone()
        last = 0 if row is None else row[0]
        if seq == last:
            return []
        rows = connection.execute(
            "SELECT stream, seq, key, frame, at_ms FROM outgoing WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?",
            (stream, seq, min(limit, KEPT_PER_STREAM)),
        )
        messages = [Outgoing(*values) for values in rows]
    return messages if messages and messages[0].seq == seq + 1 else None


def stop_visits(connection: sqlite3.Connection, since_ms: int, limit: int) -> Sequence[StopVisit]:
    """Stop visits from an instant on, oldest first."""
    rows = connection.execute(
        "SELECT record FROM stop_visits WHERE at_ms >= ? ORDER BY at_ms, n LIMIT ?", (since_ms, limit)
    )
    return [_visit(record) for (record,) in rows]


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
