"""What an operator's request asks about, and the names that answers carry. Web level; no rider is known here."""

from typing import Annotated

from fastapi import Depends, Query
from msgspec import structs

from server import exports
from server.core.model import BellKind, BellState, VehicleId
from server.evidence import Asked, Life, Tally
from server.figures import EDGES_MS, histogram, percentiles
from server.protocol import schema_ops as body
from server.runtime import Runtime
from server.web.api_parts import Here

DAY_MS = 86_400_000
AHEAD_MS = 1_000
"""The window that nobody closed ends just after now: what is rung this instant belongs to it."""


def _when(
    house: Here,
    from_ms: Annotated[int | None, Query(ge=0, description="begin of the window; a day before its end")] = None,
    to_ms: Annotated[int | None, Query(ge=0, description="end of the window; now")] = None,
) -> Asked:
    end_ms = house.runtime.clock.now_ms() + AHEAD_MS if to_ms is None else to_ms
    return Asked(from_ms=end_ms - DAY_MS if from_ms is None else from_ms, to_ms=end_ms)


When = Annotated[Asked, Depends(_when)]
"""Everything in a window."""


def _which(
    when: When,
    route_id: Annotated[str | None, Query(max_length=128)] = None,
    stop_id: Annotated[str | None, Query(max_length=128)] = None,
    vehicle_id: Annotated[str | None, Query(max_length=128)] = None,
    state: Annotated[BellState | None, Query(description="in which state bells are now")] = None,
    kind: Annotated[BellKind | None, Query()] = None,
    *,
    passed: Annotated[bool, Query(description="only bells that a bus passed at least once")] = False,
) -> Asked:
    return structs.replace(
        when, route_id=route_id, stop_id=stop_id, vehicle_id=vehicle_id, state=state, kind=kind, passed=passed
    )


Which = Annotated[Asked, Depends(_which)]
"""What of a window fits."""


class Names(exports.Names):
    """What people call routes, stops and buses."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime.network)
        self._renderer = runtime.renderer

    def plate(self, vehicle_id: str | None) -> str | None:
        """What is painted on the bus."""
        return None if vehicle_id is None else self._renderer.plate(VehicleId(vehicle_id))

    def life(self, life: Life) -> body.BellLife:
        """A life with its names."""
        return body.BellLife(
            **structs.asdict(life),
            route_name=self.route(life.route_id),
            stop_name=self.stop(life.stop_id),
            plate=self.plate(life.vehicle_id),
        )


def spread(samples: tuple[int, ...]) -> body.Spread:
    """Percentiles and how many waits they are of."""
    p50, p95, p99 = percentiles(samples) or (None, None, None)
    return body.Spread(count=len(samples), p50=p50, p95=p95, p99=p99)


def distribution(samples: list[float] | tuple[int, ...]) -> body.Distribution:
    """Percentiles and histogram."""
    p50, p95, p99 = percentiles(samples) or (None, None, None)
    return body.Distribution(
        count=len(samples), p50=p50, p95=p95, p99=p99, edges_ms=list(EDGES_MS), counts=histogram(samples)
    )


def figure(tally: Tally, name: str) -> body.Figure:
    """A tally for people."""
    return body.Figure(
        key=tally.key,
        name=name,
        bells=tally.bells,
        open=tally.open,
        by_state=tally.by_state,
        passed_bells=tally.passed_bells,
        passbys=tally.passbys,
        declines=tally.declines,
        ring_to_shown=spread(tally.ring_to_shown_ms),
    )
