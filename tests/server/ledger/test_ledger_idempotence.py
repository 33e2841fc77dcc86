"""Every message again and again, in any order, from sixteen writers at once: the books end the same, and each thing once."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server.backends.embedded import ledger_reads as reads
from server.backends.embedded.ledger import SqliteLedger
from server.backends.embedded.ledger_audit import audit
from server.core.fares.postings import RideFact, Waiver
from server.ledger.records import Booked, Ruling
from tests.server.ledger.ledger_cases import MORNING_MS, books, price, riding, stands, tapped

WRITERS = 16
Message = Callable[[SqliteLedger], Booked | Sequence[Booked] | None]


def took(fact: RideFact) -> Message:
    return lambda ledger: ledger.take([fact], price, now_ms=MORNING_MS)


def messages() -> list[Message]:
    """A morning of four people: transfers, corrections, one ride taken back, cards, a ruling."""
    facts = [
        fact
        for account in "abcd"
        for fact in (
            riding(f"{account}1", account=account, km=4),
            riding(f"{account}1", account=account, km=11, revision=2),
            riding(f"{account}2", account=account, minute=35, km=9),
            riding(f"{account}3", account=account, minute=70, party=2, revision=1),
            riding(f"{account}3", account=account, minute=70, waiver=Waiver.VOID, revision=2),
        )
    ]
    more: list[Message] = [
        lambda ledger: ledger.tap(tapped(1, account="a", minute=35), price, now_ms=MORNING_MS),
        lambda ledger: ledger.tap(tapped(2, account="b", minute=0), price, now_ms=MORNING_MS),
    ]
    return [took(fact) for fact in facts] + more


def in_order(place: Path) -> dict[str, int]:
    """What stands when everything comes once and in order."""
    ledger = books(place)
    for message in messages():
        message(ledger)
    found = stands(ledger)
    ledger.close()
    return found


def test_sixteen_writers_who_send_everything_thrice_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    (tmp_path / "busy").mkdir()
    expected = in_order(tmp_path / "calm")
    books(tmp_path / "busy").close()
    sent = messages() * 3
    random.Random().shuffle(sent)

    def write(share: Sequence[Message]) -> list[Booked]:
        ledger = books(tmp_path / "busy")
        booked: list[Booked] = []
        for message in share:
            found = message(ledger)
            booked += found if isinstance(found, list) else [found] if isinstance(found, Booked) else []
        ledger.close()
        return booked

    with ThreadPoolExecutor(WRITERS) as writers:
        answers = [one for share in writers.map(write, [sent[i::WRITERS] for i in range(WRITERS)]) for one in share]
    fresh = [one.fact_id for one in answers if not one.repeated]
    assert sorted(fresh) == sorted(set(fresh)), "each is taken once"
    assert len(fresh) * 3 == len(sent)
    assert not any(one.conflict for one in answers)
    ledger = books(tmp_path / "busy")
    assert stands(ledger) == expected
    assert audit(ledger.connection).problems == ()
    assert reads.conflicts(ledger.connection, limit=5) == []
    ledger.close()


def test_an_order_of_messages_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    expected = in_order(tmp_path / "calm")
    chance = random.Random()
    for n in range(6):
        place = tmp_path / str(n)
        place.mkdir()
        sent = messages()
        chance.shuffle(sent)
        ledger = books(place)
        for message in sent:
            message(ledger)
        assert stands(ledger) == expected
        ledger.close()


def test_a_ruling_before_and_after_more_is_known(tmp_path: Path) -> None:
    ledger = books(tmp_path)
    ledger.take([riding("r1", km=4)], price, now_ms=MORNING_MS)
    ruling = Ruling("r1", 1, "not_charged", "operator", MORNING_MS)
    ledger.rule(ruling, price, now_ms=MORNING_MS)
    ledger.take([riding("r1", km=40, revision=2)], price, now_ms=MORNING_MS)
    again = ledger.rule(ruling, price, now_ms=MORNING_MS)
    assert again is not None
    assert again.repeated
    assert stands(ledger) == {}
    ledger.close()
