"""What operators ask over HTTP about bells: figures, lists, and one bell's story. Web level; never a rider's identity."""

from collections.abc import Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from server.core.model import Alert, Bell, Reason
from server.evidence import Asked, Tally
from server.figures import hour_of_day, merged
from server.protocol import schema_ops as body
from server.web.api_parts import Here, needs_reader, says
from server.web.bodies import answer
from server.web.callers import reader
from server.web.errors import problem
from server.web.house import House
from server.web.ops_questions import Names, Which, distribution, figure

router = APIRouter(tags=["operators"])

LATENCY_ROUTES = 24
"""Routes with a distribution of their own: the busiest; a page of small multiples holds no more."""
STOPS_MAX = 3_000
"""Stops in one answer (700 KB): a province has twenty times as many, and its CSV has them all."""
NO_BELLS = Tally(
    key="", bells=0, open=0, by_state={}, passed_bells=0, passbys=0, declines=0, ring_to_shown_ms=()
)  # fmt: skip


@router.get(
    "/v1/ops/outcomes",
    responses=says("Outcomes", "What became of bells.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def outcomes(request: Request, house: Here, asked: Which) -> Response:
    """Count what became of the bells of a window, by route, stop and hour; from the journal."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    return answer(await outcomes_of(house, asked))


async def outcomes_of(house: House, asked: Asked) -> body.Outcomes:
    """Work out the figures of a window."""
    analysis, board, names = house.runtime.analysis, house.bell_board, Names(house.runtime)
    total = next(iter(await analysis.tallies(asked, "all")), NO_BELLS)
    routes, stops, hours = [await analysis.tallies(asked, by) for by in ("route", "stop", "hour")]
    zone = ZoneInfo(house.runtime.network.timezone)
    by_hour = sorted(merged(hours, lambda tally: hour_of_day(tally, zone)), key=lambda tally: tally.key)
    return body.Outcomes(
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        at_ms=house.runtime.clock.now_ms(),
        count=total.bells,
        by_state=total.by_state,
        by_route={tally.key: tally.by_state for tally in routes},
        total=figure(total, ""),
        routes=[figure(tally, names.route(tally.key)) for tally in _busiest(routes)],
        stops=[_placed(tally, names) for tally in _busiest(stops)[:STOPS_MAX]],
        stops_total=len(stops),
        hours=[figure(tally, f"{tally.key}:00") for tally in by_hour],
        open=[event for event in board.open if asked.route_id in (None, event.route_id)],
        recent=[event for event in board.recent if asked.route_id in (None, event.route_id)],
    )


def _busiest(tallies: Sequence[Tally]) -> list[Tally]:
    return sorted(tallies, key=lambda tally: (-tally.bells, tally.key))


def _placed(tally: Tally, names: Names) -> body.PlacedFigure:
    lat, lon = names.place(tally.key) or (0.0, 0.0)
    plain = figure(tally, names.stop(tally.key))
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    return body.PlacedFigure(**fields, lat=lat, lon=lon)


@router.get(
    "/v1/ops/latencies",
    responses=says("Latencies", "How long riders and drivers waited.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def latencies(request: Request, house: Here, asked: Which) -> Response:
    """Show how long it took from the ring to the driver's screen, and how long the server's own paths take."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    return answer(await latencies_of(house, asked))


async def latencies_of(house: House, asked: Asked) -> body.Latencies:
    """Work out the distributions of a window."""
    runtime, names = house.runtime, Names(house.runtime)
    zone = ZoneInfo(runtime.network.timezone)
    hours = merged(await runtime.analysis.tallies(asked, "hour"), lambda tally: hour_of_day(tally, zone))
    routes = _busiest(await runtime.analysis.tallies(asked, "route"))[:LATENCY_ROUTES]
    everything = tuple(ms for tally in hours for ms in tally.ring_to_shown_ms)
    telemetry = runtime.telemetry
    return body.Latencies(
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        at_ms=runtime.clock.now_ms(),
        count=len(everything),
        ring_to_shown=distribution(everything),
        by_hour={tally.key: distribution(tally.ring_to_shown_ms) for tally in sorted(hours, key=lambda t: t.key)},
        by_route={names.route(tally.key): distribution(tally.ring_to_shown_ms) for tally in routes},
        since_ms=house.bell_board.since_ms,
        fix_to_alert=distribution(telemetry.fix_to_alert.samples()),
        alert_to_shown=distribution(telemetry.alert_to_shown.samples()),
        ring_to_answer=distribution(telemetry.ring_to_answer.samples()),
    )


@router.get(
    "/v1/ops/bells",
    responses=says("Bells", "Bells that fit.", noes=(401, 403, 422)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def bells(
    request: Request,
    house: Here,
    asked: Which,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str | None, Query(max_length=64, description="`next` of the page before")] = None,
) -> Response:
    """List bells with when each reached what, the newest ring first."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    found, names = await house.runtime.analysis.lives(asked, limit=limit, after=after), Names(house.runtime)
    return answer(
        body.Bells(
            from_ms=asked.from_ms,
            to_ms=asked.to_ms,
            at_ms=house.runtime.clock.now_ms(),
            count=found.count,
            rows=[names.life(life) for life in found.rows],
            next=found.next,
        )
    )


@router.get(
    "/v1/ops/bells/{handle}",
    responses=says("BellStory", "One bell's life.", noes=(401, 403, 404)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def bell(request: Request, house: Here, handle: str) -> Response:
    """Tell one bell's story: every state and when, what drivers were shown, what its rider reported."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    story, names = await house.runtime.analysis.story(handle), Names(house.runtime)
    if story is None:
        return problem(request, house.words, Reason.UNKNOWN_BELL)
    return answer(
        body.BellStory(
            life=names.life(story.life),
            steps=[_step(one, names) for one in story.bells],
            alerts=alert_steps(story.alerts, names),
            reports=list(story.reports),
        )
    )


def _step(bell: Bell, names: Names) -> body.BellStep:
    return body.BellStep(
        at_ms=bell.changed_ms,
        state=bell.state.value,
        attempt=bell.attempt,
        vehicle_id=bell.vehicle_id,
        plate=names.plate(bell.vehicle_id),
        trip_id=bell.trip.trip_id if bell.trip is not None else None,
        stop_sequence=bell.visit_sequence,
        reason=bell.reason.value if bell.reason is not None else None,
    )


def alert_steps(alerts: Sequence[Alert], names: Names) -> list[body.AlertStep]:
    """What each record of an alert changed against the one before it."""
    before: dict[str, Alert] = {}
    steps: list[body.AlertStep] = []
    for alert in alerts:
        what = _what_changed(before.get(alert.alert_id), alert)
        before[alert.alert_id] = alert
        steps.append(
            body.AlertStep(
                alert_id=alert.alert_id,
                vehicle_id=alert.vehicle_id,
                plate=names.plate(alert.vehicle_id) or alert.vehicle_id,
                at_ms=None if what == "cleared" else alert.shown_ms if what == "shown" else alert.at_ms,
                what=what,
                stage=alert.stage,
                boarding=alert.boarding,
                alighting=alert.alighting,
                distance_m=round(alert.distance_m),
                shown_ms=alert.shown_ms,
                outcome=alert.outcome,
            )
        )
    return steps


def _what_changed(last: Alert | None, alert: Alert) -> Literal["raised", "now", "changed", "shown", "cleared"]:
    if alert.outcome is not None:
        return "cleared"
    if last is None or last.outcome is not None:
        return "raised"
    if last.shown_ms is None and alert.shown_ms is not None:
        return "shown"
    return "changed" if last.stage is alert.stage else "now"
