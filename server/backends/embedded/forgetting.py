"""What the journal lets go: records about people, once they have ended and are old, or when their rider asks. A part of `rows`.

Stop visits are of buses, not of people: they stay.
"""

import sqlite3

from server.ports import Forget

ROWS_AT_ONCE = 2_000
"""Rows of a table that go in one transaction: bells must not wait. The purge comes again until nothing is left."""

_OLD = (
    ("bell_events", "changed_ms < ? AND bell_id NOT IN (SELECT bell_id FROM bells WHERE open = 1)"),
    ("lives", "changed_ms < ? AND bell_id NOT IN (SELECT bell_id FROM bells WHERE open = 1)"),
    ("bells", "changed_ms < ? AND open = 0"),
    ("ride_events", "changed_ms < ? AND ride_id NOT IN (SELECT ride_id FROM rides WHERE live = 1)"),
    ("rides", "changed_ms < ? AND live = 0"),
    ("alert_events", "at_ms < ? AND alert_id NOT IN (SELECT alert_id FROM alerts WHERE live = 1)"),
    ("alerts", "at_ms < ? AND live = 0"),
    ("notes", "at_ms < ?"),
)
_HERS = (
    ("bell_events", "bell_id IN (SELECT bell_id FROM bells WHERE rider_id = ? AND open = 0)"),
    ("lives", "bell_id IN (SELECT bell_id FROM bells WHERE rider_id = ? AND open = 0)"),
    ("bells", "rider_id = ? AND open = 0"),
    ("ride_events", "ride_id IN (SELECT ride_id FROM rides WHERE rider_id = ? AND live = 0)"),
    ("rides", "rider_id = ? AND live = 0"),
)


def forget(connection: sqlite3.Connection, asked: Forget) -> None:
    """Delete inside the caller's transaction."""
    if asked.before_ms:
        for table, where in _OLD:
            connection.execute(
                f"DELETE FROM {table} WHERE n IN (SELECT n FROM {table} WHERE {where} ORDER BY n LIMIT {ROWS_AT_ONCE})",  # noqa: S608
                (asked.before_ms,),
            )
        connection.execute("DELETE FROM outgoing WHERE at_ms < ?", (asked.before_ms,))
    for rider_id in asked.riders:
        for table, where in _HERS:
            connection.execute(f"DELETE FROM {table} WHERE {where}", (rider_id,))  # noqa: S608
        connection.execute("DELETE FROM outgoing WHERE stream = ?", (f"rider:{rider_id}",))
