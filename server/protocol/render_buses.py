"""A bus as people at a stop or on board see it. Pure: view + network + registry → message. Protocol level."""

from server.core.effects import BusView
from server.core.model import TripId, VehicleId
from server.core.network import Network, Stop, Visit
from server.protocol import messages as wire, schema_http as body
from server.protocol.render import Renderer, crowding

NOT_ALIGHTING = 1
"""GTFS `drop_off_type` 1: nobody may get off."""


class BusRenderer:
    """Fills messages about single buses with names. Holds no state of its own."""

    def __init__(self, network: Network, renderer: Renderer) -> None:
        self._network = network
        self._renderer = renderer

    def live(self, vehicle_id: VehicleId, view: BusView | None, *, at_ms: int) -> wire.BusMessage:
        """What changes while it drives; all unknown of one that is not heard any more."""
        if view is None:
            return _lost(vehicle_id, at_ms)
        seen = view.vehicle
        return wire.BusMessage(
            vehicle_id=seen.vehicle_id,
            at_ms=at_ms,
            trip_id=seen.trip.trip_id if seen.trip is not None else None,
            lat=round(seen.lat, 6),
            lon=round(seen.lon, 6),
            progress_m=round(seen.progress_m) if seen.progress_m is not None else None,
            next_stop_sequence=view.ahead[0].stop_sequence if view.ahead else None,
            here=view.here,
            etas_s=[round(stop.eta_s) for stop in view.ahead],
            seats_left=view.seats_left,
            crowding=crowding(view.passengers, self._renderer.registered(seen.vehicle_id)),
            stale=seen.stale,
            age_s=max(0, round(seen.age_s)),
        )

    def item(self, view: BusView, *, away_m: float | None = None) -> body.BusItem:
        """What it is, and where it goes next."""
        return body.BusItem(**self._fields(view, away_m))  # type: ignore[arg-type]

    def run(self, view: BusView) -> body.BusRun:
        """The same with all stops of its run."""
        return body.BusRun(stops=self._stops(view), **self._fields(view, None))  # type: ignore[arg-type]

    def _fields(self, view: BusView, away_m: float | None) -> dict[str, object]:
        seen = view.vehicle
        vehicle = self._renderer.registered(seen.vehicle_id)
        route = self._network.routes.get(seen.route_id) if seen.route_id is not None else None
        following = self._next_stop(view)
        return {
            "vehicle_id": seen.vehicle_id,
            "plate": self._renderer.plate(seen.vehicle_id),
            "route_id": seen.route_id,
            "route_name": route.name if route is not None else None,
            "direction_id": seen.direction_id,
            "headsign": view.headsign,
            "trip_id": seen.trip.trip_id if seen.trip is not None else None,
            "low_floor": vehicle.low_floor if vehicle is not None else None,
            "lat": round(seen.lat, 6),
            "lon": round(seen.lon, 6),
            "heading_deg": seen.fix.heading_deg,
            "next_stop_id": following.stop_id if following is not None else None,
            "next_stop_name": following.name if following is not None else None,
            "next_stop_names": dict(following.names) if following is not None else {},
            "stale": seen.stale,
            "age_s": max(0, round(seen.age_s)),
            "distance_m": round(away_m) if away_m is not None else None,
        }

    def _next_stop(self, view: BusView) -> Stop | None:
        seen = view.vehicle
        if seen.pattern_index is None or not view.ahead:
            return None
        pattern = self._network.pattern(seen.pattern_index)
        return self._network.stops[pattern.visits[pattern.index_of[view.ahead[0].stop_sequence]].stop_id]

    def _stops(self, view: BusView) -> list[body.RunStop]:
        trip = self._network.trip(TripId(view.vehicle.trip.trip_id)) if view.vehicle.trip is not None else None
        pattern = self._network.pattern(trip.pattern_index) if trip is not None else None
        return [self._stop(visit) for visit in pattern.visits] if pattern is not None else []

    def _stop(self, visit: Visit) -> body.RunStop:
        stop = self._network.stops[visit.stop_id]
        return body.RunStop(
            stop_id=visit.stop_id,
            stop_sequence=visit.stop_sequence,
            name=stop.name,
            names=dict(stop.names),
            along_m=round(visit.along_m),
            alighting=visit.index > 0 and visit.drop_off_type != NOT_ALIGHTING,
        )


def _lost(vehicle_id: VehicleId, at_ms: int) -> wire.BusMessage:
    return wire.BusMessage(
        vehicle_id=vehicle_id,
        at_ms=at_ms,
        trip_id=None,
        lat=None,
        lon=None,
        progress_m=None,
        next_stop_sequence=None,
        here=False,
        etas_s=[],
        seats_left=None,
        crowding=None,
        stale=True,
        age_s=0,
    )
