"""`ridebell receiver`: on a bus, hands the places of its receiver to the driver's page beside it."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from driver_terminal.positions import PositionFeed

BRIDGE_PORT = 8742


def receiver(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help=t("receiver.source"))],
    origin: Annotated[str, typer.Option(metavar="URL", help=t("receiver.origin"))],
    port: Annotated[int, typer.Option(min=0, max=65535, help=t("receiver.port"))] = BRIDGE_PORT,
) -> None:
    """Tell the page where the bus is."""
    from driver_terminal.positions import PositionFeed

    try:
        feed = PositionFeed(source, real_time=True)
        asyncio.run(_bridge(feed, origin.rstrip("/"), port))
    except ValueError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(t("receiver.broken", what=error.filename or source, why=error.strerror or str(error))) from error


async def _bridge(feed: "PositionFeed", origin: str, port: int) -> None:
    from driver_terminal.bridge import PositionBridge, bridge_positions

    async with PositionBridge(origin=origin, port=port) as bridge:
        typer.echo(t("receiver.ready", port=bridge.port, page=f"{origin}/drive?receiver={bridge.port}"))
        await bridge_positions(feed, bridge)
