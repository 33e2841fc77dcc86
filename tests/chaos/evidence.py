"""The journal after the storm, against what riders and drivers were told. Reads the file as it lies on disk."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec

from driver_terminal.ledger import content_of
from server.core.model import END_STATES, Alert, Bell
from server.protocol.messages import AlertMessage
from tests.chaos.witness import BellWitness, Shown, Witness, Word

FILE_NAME = "ridebell.sqlite3"


def judge(data: Path, witness: Witness) -> None:
    """Everything that can be said only afterwards. The server must have ended."""
    with closing(sqlite3.connect(f"file:{data / FILE_NAME}?mode=ro", uri=True)) as db:
        histories = _histories(db)
        for bell_id, told in witness.bells.items():
            judge_bell(bell_id, told, histories.get(bell_id, []))
        assert histories.keys() <= witness.bells.keys(), "a bell that nobody heard of was left open or ended unheard"
        judge_streams(db)
        judge_alerts(db, witness.shown)
        (epoch,) = db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
        assert witness.epochs == {epoch}


def judge_bell(bell_id: str, told: BellWitness, history: list[Bell]) -> None:
    """One ring, one end, and no word that is not on record, in the order in which it was said."""
    assert history, f"{bell_id} was accepted and is not there"
    assert {bell.rung_ms for bell in history} == {history[0].changed_ms}, f"{bell_id} was made twice: {history}"
    ends = [bell.state for bell in history if bell.state in END_STATES]
    assert ends == [history[-1].state], f"{bell_id} has the ends {ends}"
    words = [Word(bell.state, bell.attempt, bell.changed_ms) for bell in history]
    for said in (told.heard, told.asked):
        places = [words.index(word) for word in said]
        assert places == sorted(places), f"{bell_id} was told {said}; on record is {words}"
    assert told.heard[-1] == words[-1], f"{bell_id}: the rider heard {told.heard[-1]}, it ended {words[-1]}"


def judge_streams(db: sqlite3.Connection) -> None:
    """Numbers go up by one, up to the last, for every recipient."""
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for stream, seq in db.execute("SELECT stream, seq FROM outgoing ORDER BY stream, seq"):
        numbers[stream].append(seq)
    last = dict(db.execute("SELECT stream, last_seq FROM streams"))
    assert numbers.keys() == last.keys()
    for stream, kept in numbers.items():
        assert kept == list(range(kept[0], last[stream] + 1)), stream


def judge_alerts(db: sqlite3.Connection, shown: list[Shown]) -> None:
    """What a driver saw was decided, nothing was seen twice, and nothing after its clear unless decided anew."""
    decided: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert_id, record in db.execute("SELECT alert_id, record FROM alert_events ORDER BY n"):
        decided[alert_id].append(msgspec.msgpack.decode(record, type=Alert))
    seen: defaultdict[str, list[AlertMessage]] = defaultdict(list)
    for one in shown:
        seen[one.alert.alert_id].append(one.alert)
    for alert_id, alerts in seen.items():
        places = [_raised_at(decided[alert_id], alert) for alert in alerts]
        assert places == sorted(set(places)), f"alert {alert_id} was shown again or out of order: {alerts}"
        for (before, first), (after, second) in pairwise(zip(alerts, places, strict=True)):
            cleared = any(one.outcome is not None for one in decided[alert_id][first:second])
            assert cleared or content_of(before) != content_of(after), f"shown twice: {before} and {after}"


def _raised_at(records: list[Alert], alert: AlertMessage) -> int:
    """Where in its history an alert was decided as it was shown."""
    for place, record in enumerate(records):
        as_shown = (record.at_ms, record.stage, record.boarding, record.alighting)
        if record.outcome is None and as_shown == (alert.at_ms, alert.stage, alert.boarding, alert.alighting):
            return place
    raise AssertionError(f"{alert} was shown and never decided")


def _histories(db: sqlite3.Connection) -> dict[str, list[Bell]]:
    histories: defaultdict[str, list[Bell]] = defaultdict(list)
    for bell_id, record in db.execute("SELECT bell_id, record FROM bell_events ORDER BY n"):
        histories[bell_id].append(msgspec.msgpack.decode(record, type=Bell))
    return dict(histories)
