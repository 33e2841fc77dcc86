"""The demo's screen shows what matters, in both languages."""

import io

import pytest
from rich.console import Console

from ridebell.texts import language, t
from server.core.model import BellKind, BellState
from server.core.network import Network
from server.protocol.messages import BellMessage
from simulator.demo.screen import Screen
from simulator.demo.tally import Tally

LINKS = {
    "stop": "http://127.0.0.1:8080/s/1",
    "drive": "http://127.0.0.1:8080/drive",
    "ops": "http://127.0.0.1:8080/ops",
}

SHOWN = BellMessage(
    seq=1,
    bell_id="bell-0001",
    kind=BellKind.BOARD,
    state=BellState.SHOWN,
    stop_id="229003127",
    stop_sequence=4,
    route_id="M3",
    attempt=2,
    at_ms=1_790_000_000_000,
    plate="경기78바1612",
)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("ko_KR.UTF-8", ("무정차 통과", "수래의료원", "기사 화면", "진행 1")),
        ("en_US.UTF-8", ("Passed by", "Surae Hospital", "on the driver's screen", "open 1")),
    ],
)
def test_addresses_figures_news_and_broken_promises(
    locale: str, words: tuple[str, ...], town_network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, locale)
    out = io.StringIO()
    tally = Tally()
    tally.refused["too_late"] = 3
    tally.ring_to_shown.add(42.0)
    tally.violations.append("a promise")
    tally.rings("bell-0001")
    tally.hears(SHOWN)
    console = Console(file=out, force_terminal=True, width=110)
    with Screen(console, t, language(), LINKS, town_network) as screen:
        screen.draw(tally, None, now_ms=1_790_000_000_000, buses=56, terminals=55, waiting=7)
    text = out.getvalue()
    for part in (*LINKS.values(), *words, "마을3", "경기78바1612", "too_late 3", "p50 42.0 ms", "a promise", "56"):
        assert part in text
