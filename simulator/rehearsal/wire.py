"""A scenario's lines as the messages of those who speak, and what they hear as lines of decisions. No I/O.

On a server that lives longer than a case, bells need ids of their own: `mark` is put behind them and taken off again.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, assert_never

import msgspec

from server.protocol import messages as wire, recording as line
from server.protocol.expectations import Decision, Expectation

ON_A_SOCKET = frozenset({"bell", "ride", "alert", "clear", "refused"})
"""Decisions that riders and terminals receive; the others are only on record."""

NonceOf = Callable[[str], str]


class Speech(NamedTuple):
    """One message and who says it: a rider or a vehicle's terminal."""

    rider: str | None
    vehicle_id: str | None
    message: wire.Message


WHO_SPEAK = (line.RingLine, line.CancelLine, line.CheckInLine, line.SightingsLine)
"""Lines of riders that are said over their sockets."""


def unfit(lines: Sequence[line.RecordedLine], expected: Sequence[Expectation], *, knows_nonces: bool) -> str | None:
    """Why a scenario cannot be judged by what sockets show, or None."""
    hidden = sorted({one.kind for one in expected} - ON_A_SOCKET)
    if hidden:
        return f"it expects {' and '.join(hidden)}, which no rider and no terminal is sent"
    if any(isinstance(said, line.FixLine) and (said.trip_id or said.route_id) for said in lines):
        return "a control centre's feed speaks in it, and only riders and terminals are played"
    if any(isinstance(said, line.CheckOutLine | line.UndoLine | line.CorrectLine | line.MetLine) for said in lines):
        return "it speaks of a ride whose id only the server knows"
    rings = (said for said in lines if isinstance(said, line.RingLine))
    if not knows_nonces and any(ring.presence is not None and ring.presence.nonce is not None for ring in rings):
        return "it needs a stop's code, which is made with the server's key (--data)"
    return None


def riders_of(lines: Sequence[line.RecordedLine]) -> list[str]:
    """Riders in the order in which they first speak."""
    return list(dict.fromkeys(said.rider for said in lines if isinstance(said, WHO_SPEAK)))


def vehicles_of(lines: Sequence[line.RecordedLine]) -> list[str]:
    """Vehicles in the order in which they are first heard of."""
    found = (getattr(said, "vehicle_id", None) for said in lines if not isinstance(said, line.RingLine))
    return list(dict.fromkeys(vehicle_id for vehicle_id in found if vehicle_id is not None))


def speech(said: line.RecordedLine, number: int, *, mark: str, nonce_of: NonceOf | None) -> Speech | None:
    """What is said for a line (the `number`th); None for a line that is no message."""
    ref = f"line-{number}"
    match said:
        case line.FixLine():
            return Speech(None, said.vehicle_id, _fix(said))
        case line.SignOnLine():
            return Speech(None, said.vehicle_id, _sign_on(said, ref))
        case line.SignOffLine():
            return Speech(None, said.vehicle_id, wire.SignOff(ref=ref))
        case line.ShownLine():
            return Speech(None, said.vehicle_id, wire.Shown(alert_id=said.alert_id, at_ms=said.at_ms))
        case line.RespondLine():
            answer = wire.Respond(ref=ref, alert_id=said.alert_id, answer=said.answer, reason=said.reason)
            return Speech(None, said.vehicle_id, answer)
        case line.RingLine():
            return Speech(said.rider, None, _ring(said, mark, nonce_of))
        case line.StillThereLine():
            return Speech(said.rider, None, wire.StillThere(bell_id=said.bell_id + mark, presence=said.presence))
        case line.CancelLine():
            return Speech(said.rider, None, wire.Cancel(bell_id=said.bell_id + mark))
        case line.CheckInLine():
            return Speech(said.rider, None, _check_in(said, ref))
        case line.SightingsLine():
            return Speech(said.rider, None, _sightings(said))
        case (
            line.BeginLine()
            | line.LinkLine()
            | line.CheckOutLine()
            | line.UndoLine()
            | line.CorrectLine()
            | line.MetLine()
        ):
            return None
        case _:
            assert_never(said)


def _check_in(said: line.CheckInLine, ref: str) -> wire.CheckIn:
    return wire.CheckIn(
        vehicle_id=said.vehicle_id, position=said.position, party=said.party, device=said.device, ref=ref
    )


def _sightings(said: line.SightingsLine) -> wire.Sightings:
    names = (name for name in wire.Sightings.__struct_fields__ if name != "ref")
    return wire.Sightings(**{name: getattr(said, name) for name in names})


def heard(
    message: wire.Message, now_ms: int, *, mark: str, rider: str | None, vehicle_id: str | None
) -> Decision | None:
    """A message that somebody was sent, as a line of decisions; None for one that a scenario cannot expect."""
    fields = msgspec.to_builtins(message)
    if fields.get("type") not in ON_A_SOCKET:
        return None
    decision = {"at_ms": now_ms, **fields}
    for name in ("bell_id", "ref"):
        if isinstance(decision.get(name), str):
            decision[name] = decision[name].removesuffix(mark)
    who = {"rider": rider} if rider is not None else {"vehicle_id": vehicle_id}
    return decision | who


def _fix(said: line.FixLine) -> wire.Fix:
    names = [field.name for field in msgspec.structs.fields(wire.FixFields) if field.name != "at_ms"]
    measured_ms = said.at_ms if said.fixed_at_ms is None else said.fixed_at_ms
    return wire.Fix(at_ms=measured_ms, **{name: getattr(said, name) for name in names})


def _sign_on(said: line.SignOnLine, ref: str) -> wire.SignOn:
    names = ("trip_id", "start_date", "block_id", "route_id", "direction_id")
    return wire.SignOn(ref=ref, **{name: getattr(said, name) for name in names})


def _ring(said: line.RingLine, mark: str, nonce_of: NonceOf | None) -> wire.Ring:
    names = [field.name for field in msgspec.structs.fields(wire.Ring) if hasattr(said, field.name)]
    fields = {name: getattr(said, name) for name in names}
    presence = said.presence
    if presence is not None and presence.nonce is not None and nonce_of is not None:
        fields["presence"] = msgspec.structs.replace(presence, nonce=nonce_of(said.stop_id))
    return wire.Ring(**fields | {"bell_id": said.bell_id + mark})
