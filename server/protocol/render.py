"""Decisions become wire messages, here and nowhere else. Pure: effect + network + registry → message."""

from collections.abc import Iterable, Mapping

from msgspec import UNSET

from server.core.effects import AlertCleared, ArrivalView, VehicleView
from server.core.model import Alert, Assignment, Bell, Ride, Source, StopId, Vehicle, VehicleId
from server.core.network import Network, Route
from server.core.suggesting import Suggestions
from server.protocol import messages as wire

NO_TRIP = ""


class Renderer:
    """Fills wire messages with names and plates. Holds no state of its own."""

    def __init__(self, network: Network, vehicles: Mapping[VehicleId, Vehicle]) -> None:
        self._network = network
        self._vehicles = vehicles

    def plate(self, vehicle_id: VehicleId) -> str:
        """What is painted on the bus; its id where the registry does not know it."""
        vehicle = self._vehicles.get(vehicle_id)
        return vehicle.plate if vehicle and vehicle.plate else vehicle_id

    def registered(self, vehicle_id: VehicleId) -> Vehicle | None:
        """What the operator's registry says of a bus."""
        return self._vehicles.get(vehicle_id)

    def bell(self, bell: Bell, *, seq: int, eta_s: float | None, stops_away: int | None) -> wire.BellMessage:
        """What its rider is told."""
        return wire.BellMessage(
            seq=seq,
            bell_id=bell.bell_id,
            kind=bell.kind,
            state=bell.state,
            stop_id=bell.stop_id,
            stop_sequence=bell.visit_sequence if bell.visit_sequence is not None else bell.stop_sequence,
            route_id=bell.route_id,
            attempt=bell.attempt,
            at_ms=bell.changed_ms,
            vehicle_id=bell.vehicle_id if bell.vehicle_id is not None else UNSET,
            plate=self.plate(bell.vehicle_id) if bell.vehicle_id is not None else UNSET,
            eta_s=round(eta_s) if eta_s is not None else UNSET,
            stops_away=stops_away if stops_away is not None else UNSET,
            reason=bell.reason if bell.reason is not None else UNSET,
        )

    def ride(self, ride: Ride, *, seq: int) -> wire.RideMessage:
        """What is known of a ride, for its rider."""
        message = wire.RideMessage(
            seq=seq,
            ride_id=ride.ride_id,
            state=ride.state,
            vehicle_id=ride.vehicle_id,
            plate=self.plate(ride.vehicle_id),
            route_id=ride.route_id,
            route_name=self._network.routes[ride.route_id].name if ride.route_id in self._network.routes else "",
            party=ride.party,
            confidence=round(ride.confidence, 4),
            began_ms=ride.began_ms,
            at_ms=ride.changed_ms,
            evidence=[wire.EvidenceItem(key=one.key, values=one.values) for one in ride.evidence],
            distance_m=ride.distance_m if ride.distance_m is not None else UNSET,
            fare_won=ride.fare_won if ride.fare_won is not None else UNSET,
            question=ride.question if ride.question is not None else UNSET,
            undo_until_ms=ride.undo_until_ms if ride.undo_until_ms is not None else UNSET,
            by_card=ride.by_card or UNSET,
            reason=ride.reason if ride.reason is not None else UNSET,
        )
        if ride.board is not None:
            message.board_stop_id, message.board_at_ms = ride.board.stop_id, ride.board.at_ms
            message.board_stop_name = self._stop_name(ride.board.stop_id)
            message.board_stop_sequence = ride.board.stop_sequence
        if ride.alight is not None:
            message.alight_stop_id, message.alight_at_ms = ride.alight.stop_id, ride.alight.at_ms
            message.alight_stop_name = self._stop_name(ride.alight.stop_id)
            message.alight_stop_sequence = ride.alight.stop_sequence
        return message

    def _stop_name(self, stop_id: StopId) -> str:
        """The name of a stop; its id where the network no longer has it."""
        stop = self._network.stops.get(stop_id)
        return stop.name if stop is not None else stop_id

    def alert(self, alert: Alert, *, seq: int) -> wire.AlertMessage:
        """What the driver is shown: counts and needs, never who."""
        return wire.AlertMessage(
            seq=seq,
            alert_id=alert.alert_id,
            trip_id=alert.trip.trip_id,
            stop_id=alert.stop_id,
            stop_sequence=alert.stop_sequence,
            stop_name=alert.stop_name,
            stage=alert.stage,
            boarding=alert.boarding,
            alighting=alert.alighting,
            needs=list(alert.needs),
            distance_m=max(0, round(alert.distance_m)),
            eta_s=max(0, round(alert.eta_s)),
            valid_until_along_m=round(alert.valid_until_along_m, 1),
            at_ms=alert.at_ms,
        )

    def clear(self, cleared: AlertCleared, *, seq: int) -> wire.ClearMessage:
        """Why an alert leaves the screen."""
        outcome = cleared.alert.outcome
        if outcome is None:
            msg = f"alert {cleared.alert.alert_id} was cleared without an outcome"
            raise ValueError(msg)
        return wire.ClearMessage(seq=seq, alert_id=cleared.alert.alert_id, outcome=outcome, at_ms=cleared.at_ms)

    def trip(self, assignment: Assignment, *, seq: int) -> wire.TripMessage:
        """The trip a terminal runs; empty after a sign-off or where only the route is known yet."""
        route = self._network.routes.get(assignment.route_id) if assignment.route_id is not None else None
        trip = self._network.trip(assignment.trip.trip_id) if assignment.trip is not None else None
        if trip is None or assignment.trip is None:
            return wire.TripMessage(
                seq=seq,
                trip_id=NO_TRIP,
                start_date=NO_TRIP,
                route_id=assignment.route_id or NO_TRIP,
                route_name=route.name if route else NO_TRIP,
                headsign=NO_TRIP,
                pattern_id=NO_TRIP,
                stops=[],
            )
        pattern = self._network.pattern(trip.pattern_index)
        stops = [
            wire.TripStop(
                stop_id=v.stop_id,
                stop_sequence=v.stop_sequence,
                name=self._network.stops[v.stop_id].name,
                along_m=round(v.along_m, 1),
            )
            for v in pattern.visits
        ]
        return wire.TripMessage(
            seq=seq,
            trip_id=trip.trip_id,
            start_date=assignment.trip.start_date,
            route_id=trip.route_id,
            route_name=self._network.routes[trip.route_id].name,
            headsign=trip.headsign,
            pattern_id=pattern.pattern_id,
            stops=stops,
            inferred=assignment.source is Source.INFERRED,
        )

    def suggestions(self, suggested: Suggestions, *, ref: str) -> wire.Suggestions:
        """Which runs its driver is asked about."""
        return wire.Suggestions(
            ref=ref,
            mismatch=suggested.mismatch,
            runs=[
                wire.SuggestedRun(
                    trip_id=run.key.trip_id,
                    start_date=run.key.start_date,
                    route_id=run.trip.route_id,
                    route_name=self._network.routes[run.trip.route_id].name,
                    direction_id=run.trip.direction_id,
                    headsign=run.trip.headsign,
                    departs_ms=run.departs_ms,
                )
                for run in suggested.runs
            ],
        )

    def arrivals(self, stop_id: str, views: Iterable[ArrivalView], *, at_ms: int) -> wire.Arrivals:
        """The buses on their way to a stop, soonest first."""
        return wire.Arrivals(stop_id=stop_id, at_ms=at_ms, buses=[self._arrival(v) for v in views])

    def _arrival(self, view: ArrivalView) -> wire.ArrivalRow:
        vehicle = self._vehicles.get(view.vehicle_id)
        return wire.ArrivalRow(
            route_id=view.route_id,
            route_name=self._network.routes[view.route_id].name,
            direction_id=view.direction_id,
            headsign=view.headsign,
            trip_id=view.trip.trip_id,
            stop_sequence=view.stop_sequence,
            vehicle_id=view.vehicle_id,
            plate=self.plate(view.vehicle_id),
            eta_s=max(0, round(view.eta_s)),
            stops_away=view.stops_away,
            distance_m=max(0, round(view.distance_m)),
            low_floor=vehicle.low_floor if vehicle else None,
            seats_left=view.seats_left,
            crowding=crowding(view.passengers, vehicle),
            stale=view.stale,
            age_s=max(0, round(view.age_s)),
            ringable=view.why_not is None,
            here=view.here,
            last_bus=view.last_bus,
            bays_free=view.bays_free,
            unsure=view.unsure,
            why_not=view.why_not if view.why_not is not None else UNSET,
        )

    def vehicle(self, view: VehicleView) -> wire.VehicleRow:
        """One bus as an operator sees it."""
        route = self._network.routes.get(view.route_id) if view.route_id is not None else None
        pattern = self._network.pattern(view.pattern_index) if view.pattern_index is not None else None
        stop = None
        if pattern is not None and view.next_visit_index is not None:
            visit = pattern.visits[view.next_visit_index]
            stop = self._network.stops[visit.stop_id]
        return wire.VehicleRow(
            vehicle_id=view.vehicle_id,
            plate=self.plate(view.vehicle_id),
            route_id=view.route_id,
            route_name=route.name if route else None,
            direction_id=view.direction_id,
            trip_id=view.trip.trip_id if view.trip else None,
            lat=round(view.lat, 6),
            lon=round(view.lon, 6),
            heading_deg=view.fix.heading_deg,
            speed_mps=view.fix.speed_mps,
            phase=view.phase,
            on_route=view.on_route,
            next_stop_id=stop.stop_id if stop else None,
            next_stop_name=stop.name if stop else None,
            progress_m=round(view.progress_m) if view.progress_m is not None else None,
            uncertainty_m=round(view.uncertainty_m) if view.uncertainty_m is not None else None,
            age_s=max(0, round(view.age_s)),
            stale=view.stale,
            terminal="none" if view.terminal_up is None else "up" if view.terminal_up else "down",
            alerts=view.live_alerts,
            mismatch=view.mismatch,
            pattern_id=pattern.pattern_id if pattern is not None else None,
            garage=self._garage(view.vehicle_id, route),
        )

    def _garage(self, vehicle_id: VehicleId, route: Route | None) -> str | None:
        vehicle = self._vehicles.get(vehicle_id)
        if vehicle is not None and vehicle.garage:
            return vehicle.garage
        return route.agency_id if route is not None and route.agency_id else None

    def bell_event(self, bell: Bell, *, handle: str) -> wire.BellEvent:
        """What an operator is told of a bell; `handle` stands for the bell id, which only its rider knows."""
        stop = self._network.stops.get(bell.stop_id)
        return wire.BellEvent(
            bell=handle,
            kind=bell.kind,
            state=bell.state,
            stop_id=bell.stop_id,
            stop_name=stop.name if stop else bell.stop_id,
            route_id=bell.route_id,
            attempt=bell.attempt,
            party=bell.party,
            needs=list(bell.needs),
            at_ms=bell.changed_ms,
            rung_ms=bell.rung_ms,
            vehicle_id=bell.vehicle_id if bell.vehicle_id is not None else UNSET,
            reason=bell.reason if bell.reason is not None else UNSET,
        )


def crowding(passengers: int | None, vehicle: Vehicle | None) -> str | None:
    """`low`, `medium`, `high` or `full` by passengers over seats; None when either is unknown (unknown is not 0).

    The steps 0.5, 1.0 and 1.6 passengers a seat follow the three published crowding classes of Korean city buses
    (seats free, all seated, standing) with "full" where nobody can board.
    """
    if passengers is None or vehicle is None or not vehicle.seats:
        return None
    share = passengers / vehicle.seats
    return "low" if share < 0.5 else "medium" if share <= 1.0 else "high" if share < 1.6 else "full"
