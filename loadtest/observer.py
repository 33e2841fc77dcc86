"""What the server says of itself while it is loaded: its own counters and latencies, from the operator socket."""

import random

from loadtest.swarm import Swarm
from server.protocol.link import Link, socket_url
from server.protocol.messages import Metrics, ToOperator, WatchTopic, Welcome
from server.protocol.session import Session
from server.protocol.tokens import Role

LATENCIES = ("fix_to_alert_ms", "alert_to_shown_ms", "ring_to_shown_ms")


class Observer:
    """An operator who only reads the metrics; `latest` is the newest report."""

    def __init__(self, swarm: Swarm) -> None:
        self.latest: Metrics | None = None
        session: Session[ToOperator] = Session(
            ToOperator,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
            rng=random.Random(),
        )
        token = swarm.token(Role.OPERATOR, swarm.next_name("observer"))
        self.link: Link[ToOperator] = Link(socket_url(swarm.url, "operator"), token, session, self)

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:  # noqa: ARG002 - the listener's shape
        """Ask for something, so that the metrics come."""
        await self.link.send(WatchTopic(what="terminals"))

    async def delivered(self, message: ToOperator, *, again: bool) -> None:  # noqa: ARG002 - the listener's shape
        """Keep the newest metrics."""
        if isinstance(message, Metrics):
            self.latest = message

    async def went_down(self) -> None:
        """The last report stays."""

    def numbers(self) -> dict[str, float]:
        """The server's own numbers, named `server_…`; latencies that it has not measured are left out."""
        metrics = self.latest
        if metrics is None:
            return {}
        numbers = {
            "server_fixes_taken": float(metrics.fixes_taken),
            "server_fixes_refused": float(sum(metrics.fixes_refused.values())),
            "server_passbys": float(metrics.passbys),
            "server_terminals_up": float(metrics.terminals_up),
            "server_terminals_silent": float(metrics.terminals_silent),
            "server_bells_open": float(metrics.bells_open),
        }
        taken = metrics.fixes_taken + sum(metrics.fixes_refused.values())
        numbers["server_fixes_taken_share"] = metrics.fixes_taken / taken if taken else 0.0
        for name in LATENCIES:
            for statistic, value in getattr(metrics, name).items():
                if value is not None:
                    numbers[f"server_{name.removesuffix('_ms')}_{statistic}_ms"] = value
        return numbers
