"""Which alerts this terminal has displayed, on disk, so that none is displayed twice even after SIGKILL."""

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from server.protocol.messages import AlertMessage

KEPT = 512
"""Alerts remembered; the oldest go first. A bus sees some 200 visits with bells a day, and redelivery spans minutes."""
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS displayed (
    alert_id TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    decided_ms INTEGER NOT NULL,
    displayed_ms INTEGER NOT NULL,
    content BLOB NOT NULL,
    cleared INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS displayed_by_age ON displayed (displayed_ms);
CREATE TABLE IF NOT EXISTS terminal (vehicle_id TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Displayed:
    """The last content of one alert that was on the screen."""

    epoch: str
    seq: int
    decided_ms: int
    displayed_ms: int
    content: bytes
    cleared: bool


def content_of(alert: AlertMessage) -> bytes:
    """What a driver would see differently: stage, counts, needs and stop; not distance, time or number."""
    seen = (alert.stop_id, alert.stop_sequence, alert.stage, alert.boarding, alert.alighting, sorted(alert.needs))
    return hashlib.blake2b(msgspec.json.encode(seen), digest_size=16).digest()


class DisplayLedger:
    """A small SQLite file (WAL, synchronous=FULL): a record that returned is on disk. Bounded to `KEPT` alerts.

    `path` None keeps it in memory only, for simulated terminals that never restart. A file that belongs to another
    vehicle (the device was moved) or is damaged is begun anew: what it knew concerns no alert of this bus.
    """

    def __init__(self, path: Path | None, vehicle_id: str) -> None:
        self.path = path
        self._vehicle_id = vehicle_id
        self._open_db: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Open the file. Raises sqlite3.OperationalError where it cannot be (no room, no permission)."""
        self._open_db = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._open_db = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._open_db is None:
            msg = "the ledger is not open; use it inside `with`"
            raise RuntimeError(msg)
        return self._open_db

    def _open(self) -> sqlite3.Connection:
        if self.path is None:
            return self._connect(":memory:", self._vehicle_id)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._connect(str(self.path), self._vehicle_id)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # not a database: damaged
            for part in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + part).unlink(missing_ok=True)
            return self._connect(str(self.path), self._vehicle_id)

    @staticmethod
    def _connect(name: str, vehicle_id: str) -> sqlite3.Connection:
        db = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            if db.execute("PRAGMA user_version").fetchone()[0] not in {0, _SCHEMA_VERSION}:
                db.executescript("DROP TABLE IF EXISTS displayed; DROP TABLE IF EXISTS terminal;")
            db.executescript(_SCHEMA)
            db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
            if db.execute("SELECT vehicle_id FROM terminal").fetchone() != (vehicle_id,):
                db.executescript("BEGIN; DELETE FROM displayed; DELETE FROM terminal; COMMIT;")
                db.execute("INSERT INTO terminal VALUES (?)", (vehicle_id,))
        except BaseException:
            db.close()
            raise
        return db

    def find(self, alert_id: str) -> Displayed | None:
        """What was last displayed of an alert, if anything."""
        row = self._db.execute(
            "SELECT epoch, seq, decided_ms, displayed_ms, content, cleared FROM displayed WHERE alert_id = ?",
            (alert_id,),
        ).fetchone()
        if row is None:
            return None
        epoch, seq, decided_ms, displayed_ms, content, cleared = row
        return Displayed(epoch, seq, decided_ms, displayed_ms, content, bool(cleared))

    def record(self, alert: AlertMessage, *, epoch: str, displayed_ms: int) -> None:
        """The display has shown this alert. On disk when this returns."""
        self._db.execute(
            "INSERT OR REPLACE INTO displayed VALUES (?, ?, ?, ?, ?, ?, 0)",
            (alert.alert_id, epoch, alert.seq, alert.at_ms, displayed_ms, content_of(alert)),
        )
        self._db.execute(
            "DELETE FROM displayed WHERE alert_id IN "
            "(SELECT alert_id FROM displayed ORDER BY displayed_ms DESC, rowid DESC LIMIT -1 OFFSET ?)",
            (KEPT,),
        )

    def record_cleared(self, alert_id: str) -> None:
        """The alert left the screen; it may not come back as it was."""
        self._db.execute("UPDATE displayed SET cleared = 1 WHERE alert_id = ?", (alert_id,))

    def is_news(self, alert: AlertMessage, *, epoch: str) -> bool:
        """True when the driver has not seen this alert, or has seen it with other content.

        Within an epoch numbers tell the older from the newer; across epochs (the server began anew) its clock does.
        An alert that left the screen is news again only if the server decided so again.
        """
        seen = self.find(alert.alert_id)
        if seen is None:
            return True
        older = alert.seq <= seen.seq if seen.epoch == epoch else alert.at_ms <= seen.decided_ms
        changed = seen.content != content_of(alert)
        return not older and (changed or (seen.cleared and alert.at_ms != seen.decided_ms))
