"""The demo's screen shows what matters, in both languages."""

import io

import pytest
from rich.console import Console

from ridebell.texts import t
from simulator.demo.screen import Screen
from simulator.demo.tally import Tally

LINKS = {
    "stop": "http://127.0.0.1:8080/s/1",
    "drive": "http://127.0.0.1:8080/drive",
    "ops": "http://127.0.0.1:8080/ops",
}


@pytest.mark.parametrize(("locale", "word"), [("ko_KR.UTF-8", "무정차 통과"), ("en_US.UTF-8", "Passed by")])
def test_addresses_figures_and_broken_promises(locale: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, locale)
    out = io.StringIO()
    tally = Tally()
    tally.refused["too_late"] = 3
    tally.ring_to_shown.add(42.0)
    tally.violations.append("a promise")
    with Screen(Console(file=out, force_terminal=True, width=110), t, LINKS, "Asia/Seoul") as screen:
        screen.draw(tally, None, now_ms=1_790_000_000_000, buses=56, terminals=55, waiting=7)
    text = out.getvalue()
    for part in (*LINKS.values(), word, "too_late 3", "p50 42.0 ms", "a promise", "56"):
        assert part in text
