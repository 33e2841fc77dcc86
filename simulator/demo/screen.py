"""The demo's one screen: what is going on, in figures that a passer-by understands. rich; no rules."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from server.core.model import RouteId, StopId
from server.core.network import Network
from server.protocol.messages import Metrics
from simulator.demo.tally import Samples, Tally

REFRESH_PER_S = 2
Words = Callable[..., str]


class Screen:
    """Draws on a terminal until closed: `with screen: screen.draw(...)`."""

    def __init__(self, console: Console, words: Words, lang: str, links: dict[str, str], network: Network) -> None:
        self._words = words
        self._links = links
        self._lang = lang
        self._network = network
        self._zone = ZoneInfo(network.timezone)
        self._live = Live(console=console, refresh_per_second=REFRESH_PER_S, screen=False, transient=False)

    def __enter__(self) -> "Screen":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def draw(
        self, tally: Tally, metrics: Metrics | None, *, now_ms: int, buses: int, terminals: int, waiting: int
    ) -> None:
        """Show the state of things now."""
        t = self._words
        head = Text(f"{self._clock(now_ms)}   ", style="bold")
        head.append(t("demo.screen.state", buses=buses, terminals=terminals, waiting=waiting))
        if tally.violations:
            head.append(f"\n{t('demo.screen.violation', text=tally.violations[-1])}", style="bold red")
        parts: list[RenderableType] = [self._addresses(), head, self._figures(tally, metrics), self._news(tally)]
        self._live.update(Panel(Group(*parts), title="승차벨 Ridebell", subtitle=t("demo.screen.end")))

    def _clock(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, self._zone).strftime("%H:%M:%S")

    def _addresses(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for key, url in self._links.items():
            table.add_row(self._words(f"demo.link.{key}"), Text(url, style=f"link {url} cyan"))
        return table

    def _figures(self, tally: Tally, metrics: Metrics | None) -> Table:
        t = self._words
        table = Table.grid(padding=(0, 3))
        table.add_row(t("demo.figure.bells"), self._counts({"open": len(tally.open), **tally.ends}))
        table.add_row(
            t("demo.figure.refused"), "  ".join(f"{reason} {count}" for reason, count in tally.refused.items()) or "-"
        )
        table.add_row(t("demo.figure.ring_to_shown"), _spread(tally.ring_to_shown))
        table.add_row(t("demo.figure.fix_to_alert"), _spread(tally.fix_to_alert))
        taken = metrics.fixes_taken if metrics is not None else 0
        table.add_row(t("demo.figure.fixes"), f"{taken:,}")
        table.add_row(t("demo.figure.passbys"), str(tally.passbys))
        return table

    def _news(self, tally: Tally) -> Table:
        table = Table.grid(padding=(0, 2))
        for message in tally.news:
            stop = self._network.stops[StopId(message.stop_id)]
            route = self._network.routes[RouteId(message.route_id)]
            state = self._state(message.state.value) + (f" ({message.attempt})" if message.attempt > 1 else "")
            plate = message.plate if isinstance(message.plate, str) else ""
            name = stop.names.get(self._lang, stop.name)
            table.add_row(self._clock(message.at_ms), route.name, name, state, plate, style="dim")
        return table

    def _state(self, state: str) -> str:
        return self._words(f"demo.state.{state}")

    def _counts(self, counts: dict[str, int]) -> str:
        return "  ".join(f"{self._state(name)} {count}" for name, count in counts.items()) or "-"


def _spread(samples: Samples) -> str:
    figures = samples.figures()
    if not figures["n"]:
        return "-"
    return f"p50 {figures['p50']} ms   p95 {figures['p95']} ms   p99 {figures['p99']} ms"
