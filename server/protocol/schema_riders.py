"""Bodies of what riders ask over HTTP beside bells and rides: reports of pass-bys, links for companions. Protocol level."""

from typing import Annotated

import msgspec
from msgspec import Meta

from server.core.model import Doors
from server.protocol.messages import BusMessage, Id
from server.protocol.schema_http import BusRun
from server.protocol.wire_parts import Message


class PassByReport(Message, omit_defaults=False, kw_only=True):
    """What the server saw of a bus that passed a rider who had rung; the rider confirms it and writes nothing.

    `attempt`: which of the bell's buses. `shown_ms`: when the bell stood on that driver's screen. `least_speed_mps` and
    `doors`: near the stop, by the bus's own reports. `reported_ms`: when it was reported. Null: not so, or not known.
    """

    bell_id: str
    attempt: int
    route_id: str
    route_name: str
    stop_id: str
    stop_name: str
    stop_names: dict[str, str]
    stop_code: str
    vehicle_id: str
    plate: str
    rung_ms: int
    assigned_ms: int | None
    shown_ms: int | None
    passed_ms: int
    least_speed_mps: float | None
    doors: Doors | None
    reported_ms: int | None


class ReportRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """Confirms the record of one attempt of a bell."""

    attempt: Annotated[int, Meta(ge=1, le=10_000)]


class LinkRequest(Message, kw_only=True, forbid_unknown_fields=True):
    """For which ride a companion's link is wanted, and for how long (seconds, two hours at most)."""

    ride_id: Id
    ttl_s: Annotated[int, Meta(ge=60, le=7_200)] = 7_200


class CompanionLink(Message, omit_defaults=False, kw_only=True):
    """A link for a companion: `token` opens `GET /v1/companion`; `link_id` is for taking it back."""

    link_id: str
    token: str
    expires_ms: int


class CompanionView(Message, omit_defaults=False, kw_only=True):
    """What a companion sees: the bus, its stops, where the rider gets off if that is chosen. Never who rides on it."""

    run: BusRun
    bus: BusMessage
    alight_stop_sequence: int | None
    expires_ms: int


SCHEMAS: tuple[type[msgspec.Struct], ...] = (PassByReport, ReportRequest, LinkRequest, CompanionLink, CompanionView)
"""Every body above that stands for itself."""
