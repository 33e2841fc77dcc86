"""The ledger against a plain model of one, by any sequence of facts, payments, closings, crashes and copies."""

import tempfile
from pathlib import Path

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.backends.embedded import ledger_reads as reads
from server.backends.embedded.ledger import DECLINED_AGAIN_MS
from server.backends.embedded.ledger_audit import audit
from server.core.fares.postings import RideFact, Waiver, quote
from server.ledger.records import Outcome
from tests.server.ledger.ledger_cases import DAY_MS, MORNING_MS, TARIFF, books, price, riding, stands, total

ACCOUNTS = st.sampled_from(["a", "b"])


class Model:
    """What must stand: of each ride the highest revision, priced anew; and what was paid."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, int], RideFact] = {}
        self.paid = {"a": 0, "b": 0}
        self.open: dict[str, tuple[str, int]] = {}
        self.declined_ms: dict[str, int] = {}

    def known(self, account: str) -> list[RideFact]:
        """An account's rides, latest revisions."""
        rides = {ride for ride, _ in self.facts if ride.startswith(account)}
        return [self.facts[ride, max(n for known, n in self.facts if known == ride)] for ride in rides]

    def fare(self, account: str, *, settled_only: bool = False) -> int:
        """What an account's rides cost, of all or of those that nobody can take back any more."""
        known = self.known(account)
        costs = {fact.ride_id: quote(TARIFF, known, fact.ride_id, rider_class="adult") or 0 for fact in known}
        return sum(costs[fact.ride_id] for fact in known if fact.settled or not settled_only)

    def owes(self, account: str) -> int:
        """What stands on an account."""
        return self.fare(account) - self.paid[account]


class LedgerMachine(RuleBasedStateMachine):
    """Both are told the same, and must agree after every step."""

    def __init__(self) -> None:
        super().__init__()
        self._place = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108
        self.ledger = books(Path(self._place.name))
        self.model = Model()
        self.now_ms = MORNING_MS
        self.seals: dict[str, str] = {}

    @initialize()
    def begin(self) -> None:
        assert total(self.ledger) == 0

    @rule(
        account=ACCOUNTS,
        which=st.integers(0, 3),
        revision=st.integers(1, 4),
        km=st.integers(1, 40),
        party=st.integers(1, 2),
        waiver=st.sampled_from([None, None, Waiver.VOID, Waiver.CARD]),
        settled=st.booleans(),
    )
    def take(
        self, account: str, which: int, revision: int, km: int, party: int, waiver: Waiver | None, settled: bool
    ) -> None:
        name = f"{account}{which}"
        fact = riding(
            name, account=account, minute=which * 40, km=km, revision=revision, party=party, waiver=waiver, settled=settled
        )  # fmt: skip
        held = self.model.facts.get((name, revision))
        [booked] = self.ledger.take([fact], price, now_ms=self.now_ms)
        assert booked.repeated == (held == fact)
        assert booked.conflict == (held is not None and held != fact)
        self.model.facts.setdefault((name, revision), fact)

    @rule(account=ACCOUNTS)
    def plan(self, account: str) -> None:
        due = self.model.fare(account, settled_only=True) - self.model.paid[account]
        waits = self.now_ms - self.model.declined_ms.get(account, -DAY_MS) < DECLINED_AGAIN_MS
        planned = self.ledger.plan_settlement(account, now_ms=self.now_ms)
        if account in self.model.open or due == 0 or waits:
            assert planned is None
        else:
            assert planned is not None
            assert planned.won == due
            self.model.open[account] = (planned.settlement_id, planned.won)

    @rule(
        account=ACCOUNTS,
        outcome=st.sampled_from([Outcome.CHARGED, Outcome.DECLINED, Outcome.UNKNOWN]),
        times=st.integers(1, 2),
    )
    def answer(self, account: str, outcome: Outcome, times: int) -> None:
        if account not in self.model.open:
            return
        settlement_id, won = self.model.open[account]
        for _ in range(times):
            self.ledger.settle(settlement_id, outcome, provider="practice", now_ms=self.now_ms)
        if outcome is not Outcome.UNKNOWN:
            del self.model.open[account]
        self.model.declined_ms.pop(account, None) if outcome is Outcome.CHARGED else None
        if outcome is Outcome.CHARGED:
            self.model.paid[account] += won
        elif outcome is Outcome.DECLINED:
            self.model.declined_ms[account] = self.now_ms

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now_ms += hours * 3_600_000
        for day in self.ledger.close_days(now_ms=self.now_ms):
            self.seals[day.day] = day.seal

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = books(Path(self._place.name))

    @invariant()
    def the_books_agree_with_the_model(self) -> None:
        found = stands(self.ledger)
        assert sum(found.values()) == 0
        for account in ("a", "b"):
            assert found.get(f"rider:{account}", 0) == self.model.owes(account)
        assert found.get("provider:practice", 0) == sum(self.model.paid.values())
        assert {day.day: day.seal for day in reads.days(self.ledger.connection, limit=99)} == self.seals

    def teardown(self) -> None:
        assert audit(self.ledger.connection).problems == ()
        self.ledger.close()
        self._place.cleanup()


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(stateful_step_count=20, max_examples=max(15, settings().max_examples // 4))
