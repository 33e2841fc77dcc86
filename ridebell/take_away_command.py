"""`ridebell export`: a table or map of what happened, from a data directory; also beside a running server."""

import asyncio
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ridebell.inputs import network_from
from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from server.core.network import Network
    from server.evidence import Asked

STANDARD_OUTPUT = "-"


def export(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=t("export.table"))],
    data: Annotated[Path, typer.Option(metavar="DIR", help=t("export.data"))],
    network: Annotated[Path, typer.Option(metavar="NETWORK", help=t("export.network"))],
    out: Annotated[str, typer.Option(metavar="FILE", help=t("export.to_file"))] = STANDARD_OUTPUT,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help=t("export.from"))] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help=t("export.to"))] = None,
    route: Annotated[str | None, typer.Option(metavar="ROUTE_ID", help=t("export.route"))] = None,
    stop: Annotated[str | None, typer.Option(metavar="STOP_ID", help=t("export.stop"))] = None,
) -> None:
    """Write one table or map of what became of bells and buses."""
    from typing import get_args

    from server.exports import Table

    tables = get_args(Table)
    if table not in tables:
        raise Refusal(t("export.bad_table", table=table, tables=", ".join(tables)))
    loaded = network_from(network)
    asked = _window(loaded, since, until, route, stop)
    _put(asyncio.run(_text(table, data, loaded, asked)), out)


async def _text(table: str, data: Path, network: "Network", asked: "Asked") -> Iterable[str]:
    from server.backends.embedded import DataDirError, open_analysis
    from server.exports import Table, table_text

    wanted: Table = table  # type: ignore[assignment]
    try:
        analysis = open_analysis(data)
    except DataDirError as error:
        raise Refusal(str(error)) from error
    try:
        return await table_text(wanted, asked, analysis, network)
    finally:
        await analysis.close()


def _window(network: "Network", since: str | None, until: str | None, route: str | None, stop: str | None) -> "Asked":
    from server.evidence import Asked

    zone = ZoneInfo(network.timezone)
    to_ms = round(time.time() * 1000) if until is None else _instant(until, zone)
    from_ms = to_ms - round(timedelta(days=1).total_seconds() * 1000) if since is None else _instant(since, zone)
    if from_ms >= to_ms:
        raise Refusal(t("export.empty_window"))
    return Asked(from_ms=from_ms, to_ms=to_ms, route_id=route, stop_id=stop)


def _instant(text: str, zone: ZoneInfo) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(t("export.bad_time", text=text)) from error
    return round((at if at.tzinfo is not None else at.replace(tzinfo=zone)).timestamp() * 1000)


def _put(pieces: Iterable[str], out: str) -> None:
    if out == STANDARD_OUTPUT:
        sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]
        sys.stdout.writelines(pieces)
        return
    with Path(out).open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
