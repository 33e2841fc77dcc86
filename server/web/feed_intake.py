"""Positions from whoever speaks for many buses, by socket, by HTTP or fetched: taken one by one, answered as one. Web level."""

from collections.abc import Callable, Sequence
from functools import partial

from server.core.effects import Effect, FixRefused, Refused
from server.core.events import Fix
from server.core.model import Reason, RouteId, Source, TripId, TripKey, VehicleId
from server.core.network import Network
from server.protocol import messages as wire
from server.runtime import Runtime

Answer = Callable[[int, list[wire.RefusedFix]], None]
"""Called once with how many were taken, and which were not and why."""


def fix_of(message: wire.FeedFix, received_ms: int) -> Fix:
    """Turn a feed's report into the core's event. A trip without a date runs on the day that fits (the core finds it)."""
    trip_id = message.trip_id
    return Fix(
        vehicle_id=VehicleId(message.vehicle_id),
        at_ms=message.at_ms,
        received_ms=received_ms,
        lat=message.lat,
        lon=message.lon,
        speed_mps=message.speed_mps,
        heading_deg=message.heading_deg,
        accuracy_m=message.accuracy_m,
        odometer_m=message.odometer_m,
        doors=message.doors,
        passengers=message.passengers,
        seats_left=message.seats_left,
        n=message.n,
        source=Source.FEED,
        trip=TripKey(TripId(trip_id), message.start_date or "") if trip_id is not None else None,
        route_id=RouteId(message.route_id) if message.route_id is not None else None,
        direction_id=message.direction_id,
    )


def unknown_name(fix: Fix, network: Network) -> Reason | None:
    """Why a report cannot be of this network: it names a trip or a route that is not in it."""
    if fix.trip is not None and network.trip(fix.trip.trip_id) is None:
        return Reason.UNKNOWN_TRIP
    if fix.route_id is not None and fix.route_id not in network.routes:
        return Reason.UNKNOWN_ROUTE
    return None


def take_fixes(runtime: Runtime, fixes: Sequence[Fix], answer: Answer) -> None:
    """Submit every fix; when all are decided, answer. One that a newer one overtook counts as taken."""
    refused: list[wire.RefusedFix] = []
    waiting = len(fixes)
    if not waiting:
        answer(0, refused)

    def settle(vehicle_id: VehicleId, effects: Sequence[Effect]) -> None:
        nonlocal waiting
        reason = next((effect.reason for effect in effects if isinstance(effect, FixRefused | Refused)), None)
        if reason is not None:
            refused.append(wire.RefusedFix(vehicle_id=vehicle_id, reason=reason))
        waiting -= 1
        if waiting == 0:
            answer(len(fixes) - len(refused), refused)

    for fix in fixes:
        unknown = unknown_name(fix, runtime.network)
        if unknown is not None:
            settle(fix.vehicle_id, (Refused(unknown),))
        else:
            runtime.submit(fix, partial(settle, fix.vehicle_id))
