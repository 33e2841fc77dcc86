"""A bookkeeper that is killed: started once, it forks a life for every line it reads, and says how each life ended.

A line is `PLACE STEP`: work in that directory, and kill yourself with SIGKILL just before the STEPth statement to either
database (0: never). The answer is `PID`, and then `STATUS STATEMENTS`. Every life does the same work and takes up what
the lives before it left: rides from a numbered list, card taps, a ruling, payments, the end of the day.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from server.backends.embedded import ledger_reads as reads
from server.backends.embedded.ledger import SqliteLedger
from server.core.fares.postings import RideFact, Waiver
from server.ledger.records import Outcome, Ruling, Settlement
from server.payments.practice import Order, PracticeBooks
from tests.server.ledger.ledger_cases import DAY_MS, MINUTE_MS, MORNING_MS, price, riding, tapped

NOW_MS = MORNING_MS + 3 * 60 * MINUTE_MS
ACCOUNTS = ("a", "b", "c")
DECLINED = ("c",)
CURSOR = "rides:test"


def story() -> list[RideFact]:
    """Rides of three people: transfers, a correction, one taken back, two on one account."""
    return [
        riding("a1", account="a", settled=False),
        riding("b1", account="b", km=14, minute=3),
        riding("a2", account="a", minute=30, km=9),
        riding("a1", account="a", revision=2, km=4),
        riding("c1", account="c", minute=10, party=2),
        riding("b2", account="b", minute=40),
        riding("b2", account="b", minute=40, revision=2, waiver=Waiver.VOID),
        riding("b3", account="b", minute=100, km=22),
    ]


def work(place: Path, tick: Callable[[str], None]) -> None:
    """One life: everything from where the books say that we are."""
    ledger = SqliteLedger.open(place, timezone="Asia/Seoul")
    provider = PracticeBooks(place / "provider.sqlite3")
    ledger.connection.set_trace_callback(tick)
    provider._db.set_trace_callback(tick)
    facts = story()
    for start in range(reads.cursor(ledger.connection, CURSOR), len(facts), 2):
        ledger.take(facts[start : start + 2], price, now_ms=NOW_MS, cursor=(CURSOR, min(start + 2, len(facts))))
    for n in (1, 2):
        ledger.tap(tapped(n, account="b", minute=100 + n), price, now_ms=NOW_MS)
    collect(ledger, provider)
    ledger.rule(Ruling("a2", 1, "not_charged", "operator", NOW_MS), price, now_ms=NOW_MS)
    collect(ledger, provider)
    ledger.close_days(now_ms=NOW_MS + DAY_MS)
    ledger.connection.set_trace_callback(None)
    ledger.close()
    provider.close()


def collect(ledger: SqliteLedger, provider: PracticeBooks) -> None:
    """Ask after what is open, then settle what is due: as the clerk does."""
    for settlement in reads.open_settlements(ledger.connection):
        held = provider.find(settlement.settlement_id)
        outcome = Outcome(held.state) if held is not None else charge(provider, settlement)
        ledger.settle(settlement.settlement_id, outcome, provider="practice", now_ms=NOW_MS)
    for account in ACCOUNTS:
        planned = ledger.plan_settlement(account, now_ms=NOW_MS)
        if planned is not None:
            outcome = charge(provider, planned)
            ledger.settle(planned.settlement_id, outcome, provider="practice", now_ms=NOW_MS)


def charge(provider: PracticeBooks, settlement: Settlement) -> Outcome:
    """Take the money at the provider."""
    order = Order(settlement.settlement_id, settlement.account, settlement.won)
    taken = provider.take(order, declined=settlement.account in DECLINED, at_ms=NOW_MS)
    assert taken is not None
    return Outcome(taken[0].state)


def live(place: Path, step: int) -> int:
    """One life; the number of its statements, unless it kills itself before."""
    count = 0

    def tick(_statement: str) -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    work(place, tick)
    return count


def main() -> None:
    """Fork a life for every line."""
    for line in sys.stdin:
        place, step = line.split()
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(tell, str(live(Path(place), int(step))).encode())
            os._exit(0)
        os.close(tell)
        print(pid, flush=True)  # noqa: T201
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), os.read(told, 20).decode() or "0", flush=True)  # noqa: T201
        os.close(told)


if __name__ == "__main__":
    main()
