"""The read model of bells: one row a bell with when it reached what. Back-end level, between records and SQL.

Derived from `bell_events` and nothing else: written in the same transaction as they are, and made anew at the start
whenever `LIVES_VERSION` says that the rows of an older Ridebell mean something else.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from server.core.model import END_STATES, Bell, BellState, StopId
from server.evidence import Asked, Life, Lives, RiderDay, StopRush, Tally, bell_handle

LIVES_VERSION = "1"
SHOWN_SAMPLES = 20_000
"""Samples of ring→shown that a group gives at most: percentiles do not get better with more."""
RUSH_MS = 600_000
EXPORT_PAGE = 1_000

Row = tuple[str | int | bytes | None, ...]

_bell = msgspec.msgpack.Decoder(Bell).decode
_COLUMNS = (
    "handle, kind, state, route_id, stop_id, rung_ms, changed_ms, assigned_ms, shown_ms, acknowledged_ms, arrived_ms, "
    "ended_ms, attempts, passed, declined, party, needs, vehicle_id, reason"
)
_PUT = f"""INSERT INTO lives (bell_id, rider_id, {_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (bell_id) DO UPDATE SET state = excluded.state, changed_ms = excluded.changed_ms,
    assigned_ms = coalesce(assigned_ms, excluded.assigned_ms), shown_ms = coalesce(shown_ms, excluded.shown_ms),
    acknowledged_ms = coalesce(acknowledged_ms, excluded.acknowledged_ms),
    arrived_ms = coalesce(arrived_ms, excluded.arrived_ms), ended_ms = excluded.ended_ms,
    attempts = max(attempts, excluded.attempts), passed = passed + excluded.passed,
    declined = declined + excluded.declined, vehicle_id = coalesce(excluded.vehicle_id, vehicle_id),
    reason = excluded.reason"""  # noqa: S608 - names of columns of ours


# -- writing -------------------------------------------------------------------


def row_of(bell: Bell) -> Row:
    """What one record of a bell says of its life."""
    state, at_ms = bell.state, bell.changed_ms
    reached = {BellState.ASSIGNED: 0, BellState.SHOWN: 1, BellState.ACKNOWLEDGED: 2, BellState.ARRIVED: 3}.get(state)
    stamps = [at_ms if reached == i else None for i in range(4)]
    return (
        bell.bell_id, bell.rider_id, bell_handle(bell), bell.kind.value, state.value, bell.route_id, bell.stop_id,
        bell.rung_ms, at_ms, *stamps, at_ms if state in END_STATES else None, bell.attempt,
        int(state is BellState.PASSED), int(state is BellState.DECLINED), bell.party, " ".join(bell.needs),
        bell.vehicle_id, None if bell.reason is None else bell.reason.value,
    )  # fmt: skip


def put(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Write what records say, in their order, inside the caller's transaction."""
    connection.executemany(_PUT, rows)


def catch_up(connection: sqlite3.Connection) -> None:
    """Make every life anew if the rows are of another version; one transaction."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'lives'").fetchone()
    if row is not None and row[0] == LIVES_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("DELETE FROM lives")
        records = connection.execute("SELECT record FROM bell_events ORDER BY n")
        connection.executemany(_PUT, (row_of(_bell(record)) for (record,) in records))
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('lives', ?)", (LIVES_VERSION,))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


# -- reading -------------------------------------------------------------------


class _Where(NamedTuple):
    sql: str
    values: tuple[str | int, ...]


def _where(asked: Asked) -> _Where:
    parts, values = ["rung_ms >= ? AND rung_ms < ?"], [asked.from_ms, asked.to_ms]
    wanted: dict[str, str | None] = {
        "route_id": asked.route_id,
        "stop_id": asked.stop_id,
        "vehicle_id": asked.vehicle_id,
        "state": asked.state,
        "kind": asked.kind,
    }
    given = {column: str(value) for column, value in wanted.items() if value is not None}
    parts += [f"{column} = ?" for column in given]
    if asked.passed:
        parts.append("passed > 0")
    return _Where(" AND ".join(parts), (*values, *given.values()))


def lives(connection: sqlite3.Connection, asked: Asked, limit: int, after: str | None) -> Lives:
    """A page of lives, newest ring first."""
    where = _where(asked)
    (count,) = connection.execute(f"SELECT count(*) FROM lives WHERE {where.sql}", where.values).fetchone()  # noqa: S608
    rung_ms, n = _cursor(after)
    found = connection.execute(
        f"SELECT n, {_COLUMNS} FROM lives WHERE {where.sql} AND (rung_ms, n) < (?, ?) "  # noqa: S608
        "ORDER BY rung_ms DESC, n DESC LIMIT ?",
        (*where.values, rung_ms, n, limit + 1),
    ).fetchall()
    rows = tuple(_life(row[1:]) for row in found[:limit])
    more = f"{rows[-1].rung_ms}.{found[limit - 1][0]}" if len(found) > limit else None
    return Lives(rows, count, more)


def _cursor(after: str | None) -> tuple[int, int]:
    """Where a page begins; one that is none of ours begins at the newest."""
    rung, _, n = (after or "").partition(".")
    return (int(rung), int(n)) if rung.isdecimal() and n.isdecimal() else (2**62, 2**62)


def each_life(connection: sqlite3.Connection, asked: Asked) -> Iterator[Life]:
    """Every life that fits, oldest ring first."""
    where = _where(asked)
    query = f"SELECT {_COLUMNS} FROM lives WHERE {where.sql} ORDER BY rung_ms, n"  # noqa: S608
    for row in connection.execute(query, where.values):
        yield _life(row)


def life_of(connection: sqlite3.Connection, handle: str) -> tuple[str, Life] | None:
    """The bell's own id and its life, by the operators' name of it."""
    row = connection.execute(f"SELECT bell_id, {_COLUMNS} FROM lives WHERE handle = ?", (handle,)).fetchone()  # noqa: S608
    return None if row is None else (row[0], _life(row[1:]))


def _life(row: Sequence[object]) -> Life:
    (
        handle, kind, state, route_id, stop_id, rung_ms, changed_ms, assigned_ms, shown_ms, acknowledged_ms, arrived_ms,
        ended_ms, attempts, passed, declined, party, needs, vehicle_id, reason,
    ) = row  # fmt: skip
    return msgspec.convert(
        {
            "handle": handle, "kind": kind, "state": state, "route_id": route_id, "stop_id": stop_id,
            "rung_ms": rung_ms, "changed_ms": changed_ms, "assigned_ms": assigned_ms, "shown_ms": shown_ms,
            "acknowledged_ms": acknowledged_ms, "arrived_ms": arrived_ms, "ended_ms": ended_ms, "attempts": attempts,
            "passed": passed, "declined": declined, "party": party, "needs": str(needs).split(),
            "vehicle_id": vehicle_id, "reason": reason,
        },
        Life,
    )  # fmt: skip


_GROUPS = {"all": "''", "route": "route_id", "stop": "stop_id", "hour": "CAST(rung_ms / 3600000 * 3600000 AS TEXT)"}


def tallies(connection: sqlite3.Connection, asked: Asked, by: Literal["all", "route", "stop", "hour"]) -> list[Tally]:
    """The bells that fit, counted by group, in the order of the keys."""
    where, key = _where(asked), _GROUPS[by]
    states: dict[str, dict[str, int]] = {}
    sums: dict[str, list[int]] = {}
    query = (
        f"SELECT {key}, state, count(*), sum(passed > 0), sum(passed), sum(declined) FROM lives "  # noqa: S608
        f"WHERE {where.sql} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    for group, state, *counts in connection.execute(query, where.values):
        states.setdefault(group, {})[state] = counts[0]
        sums[group] = [a + b for a, b in zip(sums.get(group, [0, 0, 0, 0]), counts, strict=True)]
    samples: dict[str, list[int]] = {}
    shown = f"SELECT {key}, shown_ms - rung_ms FROM lives WHERE {where.sql} AND shown_ms IS NOT NULL"  # noqa: S608
    for group, waited_ms in connection.execute(shown, where.values):
        kept = samples.setdefault(group, [])
        if len(kept) < SHOWN_SAMPLES:
            kept.append(waited_ms)
    ends = {str(state) for state in END_STATES}
    return [
        Tally(
            key=group,
            bells=sums[group][0],
            open=sum(count for state, count in by_state.items() if state not in ends),
            by_state=by_state,
            passed_bells=sums[group][1],
            passbys=sums[group][2],
            declines=sums[group][3],
            ring_to_shown_ms=tuple(samples.get(group, ())),
        )
        for group, by_state in states.items()
    ]


def riders(connection: sqlite3.Connection, from_ms: int, to_ms: int, limit: int) -> list[RiderDay]:
    """Those whose bells ended most often without a ride: cancelled, or expired with nobody served."""
    query = """SELECT rider_id, count(*), sum(state = 'cancelled'), sum(state = 'expired'),
        sum(state IN ('served', 'boarded', 'alighted')), max(rung_ms) FROM lives WHERE rung_ms >= ? AND rung_ms < ?
        GROUP BY rider_id HAVING sum(state IN ('cancelled', 'expired')) > 1
        ORDER BY sum(state IN ('cancelled', 'expired')) DESC, count(*) DESC, rider_id LIMIT ?"""
    return [
        RiderDay(rider=rider, bells=bells, cancelled=cancelled, expired=expired, served=served, last_ms=last_ms)
        for rider, bells, cancelled, expired, served, last_ms in connection.execute(query, (from_ms, to_ms, limit))
    ]


def rushes(connection: sqlite3.Connection, from_ms: int, to_ms: int, least: int, limit: int) -> list[StopRush]:
    """Stops with at least so many rings within ten minutes by the clock."""
    query = f"""SELECT stop_id, rung_ms / {RUSH_MS} * {RUSH_MS}, count(*), count(DISTINCT rider_id), sum(state = 'cancelled')
        FROM lives WHERE rung_ms >= ? AND rung_ms < ? GROUP BY 1, 2 HAVING count(*) >= ?
        ORDER BY 3 DESC, 2 DESC, 1 LIMIT ?"""  # noqa: S608
    return [
        StopRush(stop_id=StopId(stop), from_ms=start_ms, rings=rings, riders=people, cancelled=cancelled)
        for stop, start_ms, rings, people, cancelled in connection.execute(query, (from_ms, to_ms, least, limit))
    ]
