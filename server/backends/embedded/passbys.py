"""Pass-bys and bells' stories, put together from the journal's histories. Back-end level, reads only."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from server.backends.embedded import lives
from server.core.alerts import alert_id
from server.core.model import Alert, Bell, StopVisit, TripKey, VehicleId
from server.evidence import Asked, Note, NoteKind, PassageNote, PassBy, ReportNote, Story, bell_handle

VISIT_AROUND_MS = 1_800_000
"""A stop visit is found by its bus within half an hour of the pass-by; its run and stop then say which it is."""
SCANNED_FOR_EACH = 8
"""Records read for each pass-by that is wanted: a bus passes the bells of several riders at once."""

_bell = msgspec.msgpack.Decoder(Bell).decode
_alert = msgspec.msgpack.Decoder(Alert).decode
_visit = msgspec.msgpack.Decoder(StopVisit).decode
_note = msgspec.msgpack.Decoder(Note).decode
_Passed = tuple[int, Bell]


def story(connection: sqlite3.Connection, handle: str) -> Story | None:
    """One bell whole."""
    found = lives.life_of(connection, handle)
    if found is None:
        return None
    bell_id, life = found
    records = connection.execute("SELECT record FROM bell_events WHERE bell_id = ? ORDER BY n", (bell_id,))
    bells = tuple(_bell(record) for (record,) in records)
    wanted = dict.fromkeys(
        alert_id(bell.vehicle_id, bell.trip, bell.visit_sequence)
        for bell in bells
        if bell.vehicle_id is not None and bell.trip is not None and bell.visit_sequence is not None
    )
    alerts = [alert for one in wanted for alert in _alerts(connection, one)]
    return Story(life=life, bells=bells, alerts=tuple(alerts), reports=_reports(connection, [handle]))


def passbys(connection: sqlite3.Connection, asked: Asked, limit: int) -> list[PassBy]:
    """Pass-bys within the window, newest first."""
    rows = connection.execute(
        "SELECT n, record FROM bell_events WHERE state = 'passed' AND changed_ms >= ? AND changed_ms < ? "
        "ORDER BY changed_ms DESC, n DESC LIMIT ?",
        (asked.from_ms, asked.to_ms, limit * SCANNED_FOR_EACH),
    )
    passed = [(n, bell) for n, record in rows if _fits(bell := _bell(record), asked)]
    groups = (list(group) for _, group in groupby(passed, key=lambda one: _passage(one[1])))
    found = [passby for group, _ in zip(groups, range(limit), strict=False) if (passby := _put_together(group))]
    return [
        msgspec.structs.replace(one, visit=_visit_of(connection, one), reports=_reports(connection, one.handles))
        for one in found
    ]


def passby(connection: sqlite3.Connection, n: int) -> PassBy | None:
    """One pass-by with all its evidence; `n` is the number of any record in it."""
    row = connection.execute("SELECT record FROM bell_events WHERE n = ? AND state = 'passed'", (n,)).fetchone()
    if row is None:
        return None
    bell = _bell(row[0])
    rows = connection.execute(
        "SELECT n, record FROM bell_events WHERE state = 'passed' AND changed_ms = ? ORDER BY n DESC",
        (bell.changed_ms,),
    )
    one = _put_together([(k, b) for k, record in rows if _passage(b := _bell(record)) == _passage(bell)])
    if one is None:
        return None
    wanted = alert_id(one.vehicle_id, one.trip, one.stop_sequence)
    passages = [note for note in _about(connection, "passage", wanted) if isinstance(note, PassageNote)]
    return msgspec.structs.replace(
        one,
        visit=_visit_of(connection, one),
        alerts=tuple(_alerts(connection, wanted)),
        passage=passages[-1] if passages else None,
        reports=_reports(connection, one.handles),
    )


def _fits(bell: Bell, asked: Asked) -> bool:
    return (
        (asked.route_id is None or asked.route_id == bell.route_id)
        and (asked.stop_id is None or asked.stop_id == bell.stop_id)
        and (asked.vehicle_id is None or asked.vehicle_id == bell.vehicle_id)
        and (asked.kind is None or asked.kind is bell.kind)
    )


def _passage(bell: Bell) -> tuple[VehicleId | None, TripKey | None, int | None, int]:
    """What the bells of one pass-by have in common."""
    return bell.vehicle_id, bell.trip, bell.visit_sequence, bell.changed_ms


def _put_together(group: Sequence[_Passed]) -> PassBy | None:
    n, first = group[-1]
    if first.vehicle_id is None or first.trip is None or first.visit_sequence is None:
        return None
    bells = [bell for _, bell in group]
    return PassBy(
        n=n,
        at_ms=first.changed_ms,
        vehicle_id=first.vehicle_id,
        trip=first.trip,
        route_id=first.route_id,
        stop_id=first.stop_id,
        stop_sequence=first.visit_sequence,
        handles=tuple(bell_handle(bell) for bell in bells),
        party=sum(bell.party for bell in bells),
        needs=tuple(dict.fromkeys(need for bell in bells for need in bell.needs)),
        reason=first.reason,
        visit=None,
    )


def _visit_of(connection: sqlite3.Connection, one: PassBy) -> StopVisit | None:
    rows = connection.execute(
        "SELECT record FROM stop_visits WHERE vehicle_id = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms DESC",
        (one.vehicle_id, one.at_ms - VISIT_AROUND_MS, one.at_ms + VISIT_AROUND_MS),
    )
    visits = (_visit(record) for (record,) in rows)
    return next((v for v in visits if v.trip == one.trip and v.stop_sequence == one.stop_sequence), None)


def _alerts(connection: sqlite3.Connection, wanted: str) -> Iterator[Alert]:
    rows = connection.execute("SELECT record FROM alert_events WHERE alert_id = ? ORDER BY n", (wanted,))
    return (_alert(record) for (record,) in rows)


# -- notes ---------------------------------------------------------------------


def notes(
    connection: sqlite3.Connection, kind: NoteKind, from_ms: int, to_ms: int, limit: int, about: str | None
) -> list[Note]:
    """Notes of a kind, oldest first; of more than `limit` the newest."""
    only, values = ("", ()) if about is None else (" AND about = ?", (about,))
    rows = connection.execute(
        f"SELECT record FROM notes WHERE kind = ? AND at_ms >= ? AND at_ms < ?{only} ORDER BY at_ms DESC, n DESC LIMIT ?",  # noqa: S608
        (kind, from_ms, to_ms, *values, limit),
    )
    return [_note(record) for (record,) in rows][::-1]


def _about(connection: sqlite3.Connection, kind: NoteKind, about: str) -> list[Note]:
    rows = connection.execute("SELECT record FROM notes WHERE kind = ? AND about = ? ORDER BY n", (kind, about))
    return [_note(record) for (record,) in rows]


def _reports(connection: sqlite3.Connection, handles: Sequence[str]) -> tuple[ReportNote, ...]:
    found = (note for handle in handles for note in _about(connection, "report", handle))
    return tuple(note for note in found if isinstance(note, ReportNote))


def each_visit(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> Iterator[StopVisit]:
    """Every stop visit of a window, oldest first."""
    query = "SELECT record FROM stop_visits WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, n"
    for (record,) in connection.execute(query, (from_ms, to_ms)):
        yield _visit(record)
