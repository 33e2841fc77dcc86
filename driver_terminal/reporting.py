"""Joins a source of positions to a terminal: each position becomes a fix."""

from contextlib import aclosing

from driver_terminal.client import TerminalClient
from driver_terminal.positions import PositionFeed


async def report_positions(feed: PositionFeed, client: TerminalClient) -> None:
    """Report every position of the source until it ends (a file) or for ever; run it as a task beside the client.

    A position without a time of its own is reported as measured now. Raises OSError for a file that cannot be read.
    """
    async with aclosing(feed.positions()) as positions:
        async for position in positions:
            client.fix(
                lat=position.lat,
                lon=position.lon,
                at_ms=position.at_ms,
                speed_mps=position.speed_mps,
                heading_deg=None if position.heading_deg is None else position.heading_deg % 360.0,
                accuracy_m=position.accuracy_m,
            )
