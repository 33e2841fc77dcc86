"""Every reason why a ring is refused, in the order in which a rider would want to hear them. Level 9 of the core."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from server.core.dispatch import NOT_LET_OFF, NOT_PICKED_UP
from server.core.effects import Refused
from server.core.events import Presence, Ring
from server.core.model import Bell, BellKind, Reason, RouteId, StopId
from server.core.network import Network, Pattern, Stop, Visit, VisitRef
from server.core.policy import Policy


class Place(NamedTuple):
    """One visit at which a ring could be served: where it is in the network, and the visit itself."""

    ref: VisitRef
    visit: Visit


def places_of(ring: Ring, network: Network) -> list[Place]:
    """All visits of the stop that fit the ring's route, direction and sequence, alight-only ones included."""
    found: list[Place] = []
    for ref in network.visits_at(ring.stop_id):
        pattern = network.pattern(ref.pattern_index)
        visit = pattern.visits[ref.visit_index]
        if (
            pattern.route_id == ring.route_id
            and ring.direction_id in (None, pattern.direction_id)
            and ring.stop_sequence in (None, visit.stop_sequence)
            and ref.visit_index < len(pattern.visits) - 1
            and _leads_to(pattern, ref.visit_index, ring.alight_stop_id)
        ):
            found.append(Place(ref, visit))
    return found


def places_of_bell(bell: Bell, network: Network) -> list[Place]:
    """The same for an accepted bell; only visits where boarding (or alighting, as it asks) is possible."""
    if bell.kind is BellKind.ALIGHT:
        return let_off_places(bell.stop_id, bell.route_id, bell.stop_sequence, network)
    ring = Ring(
        bell.bell_id,
        bell.rider_id,
        bell.kind,
        bell.stop_id,
        bell.route_id,
        direction_id=bell.direction_id,
        stop_sequence=bell.stop_sequence,
        alight_stop_id=bell.alight_stop_id,
    )
    return [place for place in places_of(ring, network) if place.visit.pickup_type != NOT_PICKED_UP]


def let_off_places(stop_id: StopId, route_id: RouteId, stop_sequence: int | None, network: Network) -> list[Place]:
    """All visits of the stop at which a bus of the route lets people off."""
    found: list[Place] = []
    for ref in network.visits_at(stop_id):
        pattern = network.pattern(ref.pattern_index)
        visit = pattern.visits[ref.visit_index]
        if (
            pattern.route_id == route_id
            and stop_sequence in (None, visit.stop_sequence)
            and ref.visit_index > 0
            and visit.drop_off_type != NOT_LET_OFF
        ):
            found.append(Place(ref, visit))
    return found


def _leads_to(pattern: Pattern, visit_index: int, alight_stop_id: StopId | None) -> bool:
    """Does a bus boarded here let people off at the stop where the rider wants to go, if that was said?"""
    if alight_stop_id is None:
        return True
    after = pattern.visits[visit_index + 1 :]
    return any(visit.stop_id == alight_stop_id and visit.drop_off_type != NOT_LET_OFF for visit in after)


def unknown_names(ring: Ring, network: Network) -> Refused | None:
    """Names that are not in the network."""
    for stop_id in (ring.stop_id, ring.alight_stop_id):
        if stop_id is not None and stop_id not in network.stops:
            return Refused(Reason.UNKNOWN_STOP, ring.bell_id, {"stop_id": stop_id})
    if ring.route_id is not None and ring.route_id not in network.routes:
        return Refused(Reason.UNKNOWN_ROUTE, ring.bell_id, {"route_id": ring.route_id})
    return None


def wrong_place(ring: Ring, places: Sequence[Place], network: Network) -> Refused | None:
    """The route does not serve the stop (in this direction), does not go where the rider wants to, or only lets off here."""
    stop = network.stops[ring.stop_id]
    if not places:
        if ring.alight_stop_id is not None and places_of(replace(ring, alight_stop_id=None), network):
            stop = network.stops[ring.alight_stop_id]
        return Refused(
            Reason.ROUTE_NOT_AT_STOP, ring.bell_id, {"stop_name": stop.name, "route_id": ring.route_id or ""}
        )
    if all(place.visit.pickup_type == NOT_PICKED_UP for place in places):
        return Refused(Reason.ALIGHT_ONLY, ring.bell_id, {"stop_name": stop.name})
    return None


def not_present(ring: Ring, network: Network, policy: Policy) -> Refused | None:
    """The rider is too far from the stop, or does not say where (DOMAIN §2: radius plus reported accuracy)."""
    if not policy.presence_required:
        return None
    presence, stop = ring.presence, network.stops[ring.stop_id]
    if presence is not None and presence.proven:
        return None
    distance_m = _distance_m(presence, stop, network)
    if presence is None or distance_m is None:
        return Refused(Reason.NOT_AT_STOP, ring.bell_id, {"stop_name": stop.name})
    allowed_m = policy.presence_radius_m + min(presence.accuracy_m, policy.presence_accuracy_limit_m)
    if distance_m <= allowed_m:
        return None
    detail: dict[str, str | int | float] = {"stop_name": stop.name, "distance_m": round(distance_m)}
    return Refused(Reason.NOT_AT_STOP, ring.bell_id, detail)


def gone_away(bell: Bell, presence: Presence, network: Network, policy: Policy) -> bool:
    """Is the rider of a bell surely somewhere else (DOMAIN §2: who walks away needs no bus)? No position says no."""
    distance_m = _distance_m(presence, network.stops[bell.stop_id], network)
    if presence.proven or distance_m is None:
        return False
    return distance_m > policy.gone_m + min(presence.accuracy_m, policy.presence_accuracy_limit_m)


def second_bell(ring: Ring, bells: Iterable[Bell], policy: Policy) -> Refused | None:
    """Refuse a second boarding bell while one is open (DOMAIN §2; configurable)."""
    if not policy.one_bell_per_rider:
        return None
    if any(not bell.ended and bell.kind is BellKind.BOARD for bell in bells):
        return Refused(Reason.ONE_BELL_AT_A_TIME, ring.bell_id)
    return None


def same_request(ring: Ring, bell: Bell) -> bool:
    """Is this ring the one that made the bell? Anything else under its id is refused `id_reused`."""
    return (
        ring.rider_id == bell.rider_id
        and ring.kind is bell.kind
        and ring.stop_id == bell.stop_id
        and (ring.route_id == bell.route_id or (ring.route_id is None and ring.kind is BellKind.ALIGHT))
        and ring.direction_id == bell.direction_id
        and (ring.stop_sequence == bell.stop_sequence or (ring.stop_sequence is None and ring.kind is BellKind.ALIGHT))
    )


def _distance_m(presence: Presence | None, stop: Stop, network: Network) -> float | None:
    if presence is None or presence.lat is None or presence.lon is None:
        return None
    x, y = network.frame.to_xy(presence.lat, presence.lon)
    stop_x, stop_y = network.frame.to_xy(stop.lat, stop.lon)
    return math.hypot(x - stop_x, y - stop_y)
