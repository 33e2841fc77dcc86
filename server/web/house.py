"""What all doors share: the runtime, who is here, who may come in, and the words. Web level; no logic."""

import asyncio
from dataclasses import dataclass

from server.archive import Archive
from server.core.model import StopId, VehicleId
from server.ledger.clerk import Clerk
from server.protocol import messages as wire
from server.protocol.render_buses import BusRenderer
from server.runtime import Runtime
from server.settings import WebSettings
from server.web.auth import Authenticator, OwnKey, PublishedKeys
from server.web.boards import Boards
from server.web.companions import Companions
from server.web.door_counts import DoorCounts
from server.web.fleet_board import VehicleBoard
from server.web.inspection import InspectionCodes
from server.web.limits import Limiter
from server.web.lobby import Lobby
from server.web.oidc import Oidc, OidcSettings
from server.web.ops_boards import BellBoard, Figures
from server.web.ops_notes import OpsNotes
from server.web.push_desk import PushDesk
from server.web.terminal_health import TerminalBoard
from server.web.tickets import Tickets
from server.web.words import Words


@dataclass(frozen=True, slots=True)
class House:
    """One server's doors. Made once, by `furnish`."""

    runtime: Runtime
    settings: WebSettings
    auth: Authenticator
    own_key: OwnKey
    """Signs what we give to browsers; with an identity provider, its tokens are checked by `auth` instead."""
    nonce_key: bytes
    tickets: Tickets
    lobby: Lobby
    stop_boards: Boards[StopId]
    buses: BusRenderer
    bus_boards: Boards[VehicleId]
    vehicle_board: VehicleBoard
    bell_board: BellBoard
    figures: Figures
    oidc: Oidc | None
    """Where operators sign in, when the company has such a place."""
    terminals: TerminalBoard
    doors: DoorCounts
    ops_notes: OpsNotes
    companions: Companions
    inspections: InspectionCodes
    reporting: asyncio.Lock
    """Reports of pass-bys are kept one after the other, so that a double tap is one report."""
    rings: Limiter
    kiosk_rings: Limiter
    anonymous: Limiter
    words: Words
    push: PushDesk | None = None
    """Tells browsers whose page is closed; None where the operator has not turned it on."""
    archive: Archive | None = None
    """Recordings and replays; None where this server keeps none."""
    clerk: Clerk | None = None
    """Keeps the ledger; None where rides cost nothing here."""


def furnish(
    runtime: Runtime,
    settings: WebSettings,
    key: bytes,
    archive: Archive | None = None,
    *,
    push: PushDesk | None = None,
    clerk: Clerk | None = None,
) -> House:
    """Connect the parts. `key` is the signing key (`auth.signing_key`)."""
    own_key = OwnKey(key)
    buses = BusRenderer(runtime.network, runtime.renderer)
    terminals, doors = TerminalBoard(runtime), DoorCounts(key)
    return House(
        runtime=runtime,
        settings=settings,
        auth=PublishedKeys(settings.jwks_url) if settings.jwks_url else own_key,
        own_key=own_key,
        nonce_key=key,
        tickets=Tickets(ttl_s=settings.ticket_ttl_s, max_kept=settings.tickets_max),
        lobby=Lobby(
            sessions_max=settings.sessions_max,
            per_subject_max=settings.sessions_per_subject,
            drain_spread_s=settings.drain_spread_s,
        ),
        stop_boards=Boards("arrivals", runtime.arrivals, max_boards=settings.boards_max),
        buses=buses,
        bus_boards=Boards("bus", lambda vehicle_id: _bus(runtime, buses, vehicle_id), max_boards=settings.boards_max),
        vehicle_board=VehicleBoard(runtime),
        bell_board=BellBoard(runtime),
        figures=Figures(runtime),
        oidc=_oidc(settings),
        terminals=terminals,
        doors=doors,
        ops_notes=OpsNotes(runtime, terminals, doors),
        companions=Companions(key),
        inspections=InspectionCodes(key),
        reporting=asyncio.Lock(),
        rings=Limiter(per_s=settings.rings_per_min / 60, burst=settings.rings_burst, max_keys=settings.limiter_max),
        kiosk_rings=Limiter(
            per_s=settings.kiosk_rings_per_min / 60, burst=settings.kiosk_rings_burst, max_keys=settings.limiter_max
        ),
        anonymous=Limiter(
            per_s=settings.anonymous_per_min / 60, burst=settings.anonymous_burst, max_keys=settings.limiter_max
        ),
        words=Words(),
        push=push,
        archive=archive,
        clerk=clerk,
    )


def _bus(runtime: Runtime, buses: BusRenderer, vehicle_id: VehicleId) -> wire.BusMessage:
    now_ms = runtime.clock.now_ms()
    return buses.live(vehicle_id, runtime.engine.bus(vehicle_id, now_ms), at_ms=now_ms)


def _oidc(settings: WebSettings) -> Oidc | None:
    if not settings.oidc_issuer:
        return None
    return Oidc(
        OidcSettings(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            roles_claim=settings.oidc_roles_claim,
        )
    )
