"""What an effect says to whom: a numbered message in a recipient's stream; and what of a batch lasts. Shell level."""

from collections.abc import Iterable, Sequence

from server.core.effects import (
    AlertCleared,
    AlertMarked,
    AlertRaised,
    Assigned,
    BellChanged,
    BellRepeated,
    Effect,
    RideChanged,
    RideRepeated,
    StopVisited,
)
from server.core.events import Event
from server.core.model import Fact, StopVisit
from server.ports import Outgoing
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.protocol.render import Renderer
from server.streams import Streams, rider_stream, terminal_stream


def outgoing_of(effect: Effect, renderer: Renderer, streams: Streams, now_ms: int) -> Outgoing | None:
    """The next message of the stream that an effect is told in; None for what riders and drivers are not told."""
    match effect:
        case BellChanged(bell=bell) | BellRepeated(bell=bell):
            stream, key = rider_stream(bell.rider_id), f"bell:{bell.bell_id}"
            seq = streams.next_seq(stream)
            message: wire.Message = renderer.bell(bell, seq=seq, eta_s=effect.eta_s, stops_away=effect.stops_away)
        case RideChanged(ride=ride) | RideRepeated(ride=ride):
            stream, key = rider_stream(ride.rider_id), f"ride:{ride.ride_id}"
            seq = streams.next_seq(stream)
            message = renderer.ride(ride, seq=seq)
        case AlertRaised(alert=alert):
            stream, key = terminal_stream(alert.vehicle_id), f"alert:{alert.alert_id}"
            seq = streams.next_seq(stream)
            message = renderer.alert(alert, seq=seq)
        case AlertCleared(alert=alert):
            stream, key = terminal_stream(alert.vehicle_id), f"alert:{alert.alert_id}"
            seq = streams.next_seq(stream)
            message = renderer.clear(effect, seq=seq)
        case Assigned(assignment=assignment):
            stream, key = terminal_stream(assignment.vehicle_id), "trip"
            seq = streams.next_seq(stream)
            message = renderer.trip(assignment, seq=seq)
        case _:
            return None
    return Outgoing(stream=stream, seq=seq, key=key, frame=encode(message), at_ms=now_ms)


def durable(effects: Iterable[Sequence[Effect]]) -> tuple[list[Fact], list[StopVisit]]:
    """Lasting records and stop visits of several events, in the order in which they were decided."""
    facts: list[Fact] = []
    visits: list[StopVisit] = []
    for several in effects:
        for effect in several:
            match effect:
                case BellChanged(bell=bell):
                    facts.append(bell)
                case AlertRaised(alert=alert) | AlertMarked(alert=alert) | AlertCleared(alert=alert):
                    facts.append(alert)
                case Assigned(assignment=assignment):
                    facts.append(assignment)
                case RideChanged(ride=ride):
                    facts.append(ride)
                case StopVisited(visit=visit):
                    visits.append(visit)
                case _:
                    pass
    return facts, visits


def reference_of(event: Event) -> str | None:
    """What a refusal of this event refers to."""
    for name in ("ref", "bell_id", "alert_id", "ride_id"):
        value = getattr(event, name, None)
        if value is not None:
            return str(value)
    return None
