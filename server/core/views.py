"""What the engine believes, as records for those who ask. Level 9 of the core: reads state, changes none."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from server.core.approach import Approach
from server.core.dispatch import Candidate, standing_here
from server.core.effects import ArrivalView, BusView, Positioned, Prediction, StopAhead, VehicleView, VisitForecast
from server.core.model import Phase, Reason, TripKey
from server.core.network import Network, Pattern
from server.core.policy import Policy
from server.core.prediction import Forecasts, VisitBand, bands, bands_after, eta_s, placed, predictable
from server.core.signon import next_of_block
from server.core.tracking import Track

UNSURE_M = 50.0
"""A bus whose place may be wrong by more than its way between being told and stopping (30 km/h: 60 m) cannot be promised."""
DAY_TURNS_S = 28 * 3_600
"""What departs after 04:00 (28:00) is the next day's first bus, in the reckoning of Korean fares and timetables."""


def positioned(track: Track, policy: Policy, now_ms: int) -> Positioned:
    """Where the tracker believes the vehicle is, by the last fix it took."""
    known = track.pattern is not None and track.progress_m is not None and track.on_route
    pattern = track.pattern if known else None
    uncertainty_m = track.uncertainty_m(now_ms, policy)
    return Positioned(
        at_ms=now_ms,
        vehicle_id=track.vehicle_id,
        trip=track.trip_key,
        route_id=track.assignment.route_id if track.assignment is not None else None,
        direction_id=track.assignment.direction_id if track.assignment is not None else None,
        pattern_id=track.pattern.pattern_id if track.pattern is not None else None,
        progress_m=round(track.progress_m, 1) if pattern is not None and track.progress_m is not None else None,
        next_stop_sequence=_next_sequence(track, policy) if pattern is not None else None,
        on_route=track.on_route,
        phase=track.phase,
        uncertainty_m=round(uncertainty_m, 1) if uncertainty_m is not None else None,
        confidence=round(track.confidence, 3),
        mismatch=track.mismatch,
    )


def _next_sequence(track: Track, policy: Policy) -> int:
    """A stop is the next one until the bus is out of its zone: poles stand, and buses halt, metres from the map's place."""
    assert track.pattern is not None
    assert track.progress_m is not None
    index = int(track.pattern.visit_along_m.searchsorted(track.progress_m - policy.zone_m))
    return track.pattern.visits[min(index, len(track.pattern.visits) - 1)].stop_sequence


def stops_away(candidate: Candidate) -> int:
    """How many stops until this visit; 1 when it is the bus's next. A stop it stands at counts as reached."""
    first = candidate.approach.next_index
    if candidate.visit.index > first and candidate.approach.standing_at(first):
        first += 1
    return candidate.visit.index - first + 1


def outlook(candidate: Candidate | None, now_ms: int) -> tuple[float | None, int | None]:
    """Seconds and stops until a bus is at a visit; None where there is no bus."""
    if candidate is None:
        return None, None
    return eta_s(candidate.track, candidate.visit.index, now_ms), stops_away(candidate)


def last_of_day(candidate: Candidate, network: Network) -> bool:
    """Is no later bus of this route and direction planned at the stop before the next day's service begins?"""
    track, stop_id = candidate.track, candidate.visit.stop_id
    assert track.trip is not None
    due_ms = track.day_start_ms + 1000 * int(track.trip.departures_s[candidate.visit.index])
    day_end_ms = track.day_start_ms + DAY_TURNS_S * 1000
    for ref in network.visits_at(stop_id):
        pattern = network.pattern(ref.pattern_index)
        same_way = (pattern.route_id, pattern.direction_id) == (track.trip.route_id, track.trip.direction_id)
        if same_way and ref.visit_index < len(pattern.visits) - 1:
            later_ms = network.next_departure_ms(ref, due_ms + 1)
            if later_ms is not None and later_ms < day_end_ms:
                return False
    return True


def arrival(
    candidate: Candidate,
    why_not: Reason | None,
    network: Network,
    policy: Policy,
    now_ms: int,
    *,
    bays_free: int | None = None,
) -> ArrivalView:
    """One approaching bus at one visit."""
    track = candidate.track
    assert track.trip is not None
    assert track.trip_key is not None
    return ArrivalView(
        vehicle_id=track.vehicle_id,
        trip=track.trip_key,
        route_id=track.trip.route_id,
        direction_id=track.trip.direction_id,
        headsign=track.trip.headsign,
        stop_sequence=candidate.visit.stop_sequence,
        eta_s=eta_s(track, candidate.visit.index, now_ms) or 0.0,
        stops_away=stops_away(candidate),
        distance_m=max(0.0, candidate.left_m),
        age_s=track.age_s(now_ms),
        stale=track.age_s(now_ms) > policy.stale_s,
        unsure=not track.sure(policy) or track.doubt_m > UNSURE_M,
        here=standing_here(candidate, now_ms),
        last_bus=last_of_day(candidate, network),
        seats_left=track.seats_left,
        passengers=track.passengers,
        bays_free=bays_free,
        why_not=why_not,
    )


def vehicle(track: Track, approach: Approach | None, policy: Policy, now_ms: int, live_alerts: int) -> VehicleView:
    """One vehicle as the engine believes it to be. It must have reported at least once."""
    assert track.fix is not None
    pattern = track.pattern
    known = pattern is not None and track.progress_m is not None and track.on_route and approach is not None
    next_index = min(approach.next_index, len(pattern.visits) - 1) if known and approach and pattern else None
    return VehicleView(
        vehicle_id=track.vehicle_id,
        fix=track.fix,
        trip=track.trip_key,
        route_id=track.assignment.route_id if track.assignment is not None else None,
        direction_id=track.assignment.direction_id if track.assignment is not None else None,
        pattern_index=pattern.index if pattern is not None else None,
        progress_m=track.progress_m if known else None,
        next_visit_index=next_index,
        lat=track.fix.lat,
        lon=track.fix.lon,
        on_route=track.on_route,
        phase=track.phase,
        uncertainty_m=track.uncertainty_m(now_ms, policy),
        confidence=track.confidence,
        age_s=track.age_s(now_ms),
        stale=track.age_s(now_ms) > policy.stale_s,
        terminal_up=track.terminal_up,
        live_alerts=live_alerts,
        mismatch=track.mismatch,
    )


def bus(track: Track, approach: Approach | None, seen: VehicleView, now_ms: int) -> BusView:
    """One bus with the stops that it has not left; `seen` is what `vehicle` says of it."""
    ahead: tuple[StopAhead, ...] = ()
    here = False
    if seen.next_visit_index is not None and track.trip is not None:
        assert track.pattern is not None
        assert approach is not None
        rest = track.pattern.visits[approach.next_index :]
        ahead = tuple(StopAhead(visit.stop_sequence, eta_s(track, visit.index, now_ms) or 0.0) for visit in rest)
        here = bool(rest) and approach.standing_at(approach.next_index)
    headsign = track.trip.headsign if track.trip is not None else ""
    return BusView(seen, headsign, track.seats_left, track.passengers, here, ahead)


def predictions(tracks: Iterable[Track], now_ms: int) -> Iterator[Prediction]:
    """What is expected of every bus in service; one at its last stop lies over and is in service no more."""
    for track in tracks:
        if predictable(track, now_ms):
            yield _prediction(track, now_ms)


def further_predictions(
    tracks: Iterable[Track], forecasts: Forecasts, network: Network, now_ms: int
) -> Iterator[Prediction]:
    """What is expected of buses that wait for their departure, and of the next run of the block of each bus."""
    for track in tracks:
        if not placed(track, now_ms):
            continue
        if track.phase is Phase.LAYOVER and not track.at_end:
            yield _prediction(track, now_ms)
        after = _next_run(track, network, now_ms)
        trip = network.trip(after.trip_id) if after is not None else None
        if after is not None and trip is not None:
            pattern = network.pattern(trip.pattern_index)
            course = forecasts.course(trip, pattern, network.day_start_ms(after.start_date))
            stops = _stops(pattern, bands_after(track, course, now_ms))
            if stops:
                yield Prediction(now_ms, track.vehicle_id, after, stops)


def _prediction(track: Track, now_ms: int) -> Prediction:
    assert track.pattern is not None
    assert track.trip_key is not None
    return Prediction(now_ms, track.vehicle_id, track.trip_key, _stops(track.pattern, bands(track, now_ms)))


def _next_run(track: Track, network: Network, now_ms: int) -> TripKey | None:
    """The run that the vehicle's block has it do next, also where it was signed on to a trip and not to the block."""
    assert track.assignment is not None
    assert track.trip is not None
    after = next_of_block(replace(track.assignment, block_id=track.trip.block_id), network, now_ms)
    return None if after is None else after.trip


def _stops(pattern: Pattern, rows: Iterable[VisitBand]) -> tuple[VisitForecast, ...]:
    visits = pattern.visits
    return tuple(
        VisitForecast(visits[row.visit_index].stop_id, visits[row.visit_index].stop_sequence, *row[1:]) for row in rows
    )
