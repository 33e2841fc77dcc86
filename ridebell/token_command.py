"""`ridebell token`: signs a token for somebody, or prints the address behind a stop's QR code."""

import time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t
from server.protocol.tokens import Role, SecretError, make_token, signing_key

MONTH_S = 30 * 86_400


def token(
    data: Annotated[Path, typer.Option(metavar="DIR", help=t("token.data"))],
    role: Annotated[Role | None, typer.Option(help=t("token.role"))] = None,
    subject: Annotated[str | None, typer.Option(metavar="S", help=t("token.subject"))] = None,
    vehicle: Annotated[str | None, typer.Option(metavar="V", help=t("token.vehicle"))] = None,
    ttl: Annotated[int, typer.Option(metavar="SECONDS", min=1, help=t("token.ttl"))] = MONTH_S,
    stop: Annotated[str | None, typer.Option(metavar="STOP_ID", help=t("token.stop"))] = None,
    base_url: Annotated[str, typer.Option(metavar="URL", help=t("token.base_url"))] = "",
) -> None:
    """Print a token, or the address of a stop's QR code."""
    if stop is not None:
        typer.echo(_stop_link(data, stop, base_url))
        return
    if role is None or not subject:
        raise Refusal(t("token.incomplete"))
    if role is Role.TERMINAL and not vehicle:
        raise Refusal(t("token.no_vehicle"))
    now_s = time.time()
    typer.echo(make_token(_key(data), role=role, subject=subject, now_s=now_s, ttl_s=float(ttl), vehicle_id=vehicle))


def _key(data: Path) -> bytes:
    try:
        return signing_key(data, demo=True)
    except SecretError as error:
        raise Refusal(str(error)) from error


def _stop_link(data: Path, stop_id: str, base_url: str) -> str:
    from server.web.presence import stop_nonce

    return f"{base_url.rstrip('/')}/s/{quote(stop_id, safe='')}?n={stop_nonce(_key(data), stop_id)}"
