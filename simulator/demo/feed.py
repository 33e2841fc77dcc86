"""A control centre's socket: reports buses whose terminal is a visitor's browser page. No rules."""

import random
from typing import Literal, Self, cast

from server.protocol.link import Link, socket_url
from server.protocol.messages import FeedFix, Fixes, ToFeed, Welcome
from server.protocol.session import Session
from simulator.bus import Bus
from simulator.events import Fixed


class ControlCentre:
    """Speaks for buses that cannot speak for themselves."""

    def __init__(self, url: str, token: str) -> None:
        session: Session[ToFeed] = Session(
            ToFeed,  # type: ignore[arg-type]  # a union is a type to msgspec, not to mypy
            rng=random.Random(),
        )
        self._link: Link[ToFeed] = Link(socket_url(url, "feed"), token, session, self)

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._link.__aexit__()

    async def report(self, bus: Bus, fix: Fixed, at_ms: int) -> None:
        """Report one bus with the trip it runs; a report that cannot be sent now is not worth sending later."""
        run = bus.run
        report = FeedFix(
            vehicle_id=bus.vehicle_id,
            trip_id=run.trip.trip_id,
            start_date=run.start_date,
            route_id=run.trip.route_id,
            direction_id=cast("Literal[0, 1] | None", run.trip.direction_id),
            at_ms=at_ms,
            lat=fix.lat,
            lon=fix.lon,
            speed_mps=fix.speed_mps,
            heading_deg=fix.heading_deg,
            accuracy_m=fix.accuracy_m,
            odometer_m=fix.odometer_m,
            doors=fix.doors,
            passengers=fix.passengers,
            seats_left=fix.seats_left,
        )
        await self._link.send(Fixes(fixes=[report]))

    # -- the link speaks (server.protocol.link.Listener) -----------------------------

    async def welcomed(self, welcome: Welcome, *, resumed: bool) -> None:
        """Nothing to take over: a feed has no snapshot."""

    async def delivered(self, message: ToFeed, *, again: bool) -> None:
        """Answers to reports are not needed here."""

    async def went_down(self) -> None:
        """Nothing to do: the link comes back by itself."""
