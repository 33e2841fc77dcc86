"""`ridebell token`: signs a token for somebody, or prints the address behind a stop's QR code or for its kiosk."""

import time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t
from server.protocol.tokens import Role, SecretError, make_token, signing_key

MONTH_S = 30 * 86_400
KIOSK_S = 366 * 86_400
"""A kiosk's or button's token outlives a yearly visit by its keeper."""


def token(
    data: Annotated[Path, typer.Option(metavar="DIR", help=t("token.data"))],
    role: Annotated[Role | None, typer.Option(help=t("token.role"))] = None,
    subject: Annotated[str | None, typer.Option(metavar="S", help=t("token.subject"))] = None,
    vehicle: Annotated[str | None, typer.Option(metavar="V", help=t("token.vehicle"))] = None,
    ttl: Annotated[int | None, typer.Option(metavar="SECONDS", min=1, help=t("token.ttl"))] = None,
    stop: Annotated[str | None, typer.Option(metavar="STOP_ID", help=t("token.stop"))] = None,
    kiosk: Annotated[str | None, typer.Option(metavar="STOP_ID", help=t("token.kiosk"))] = None,
    base_url: Annotated[str, typer.Option(metavar="URL", help=t("token.base_url"))] = "",
) -> None:
    """Print a token, or the address of a stop's QR code."""
    if stop is not None:
        typer.echo(_stop_link(data, stop, base_url))
        return
    if kiosk is not None:
        typer.echo(_kiosk(data, kiosk, subject or f"kiosk-{kiosk}", base_url, ttl_s=float(ttl or KIOSK_S)))
        return
    if role is None or not subject:
        raise Refusal(t("token.incomplete"))
    if role is Role.TERMINAL and not vehicle:
        raise Refusal(t("token.no_vehicle"))
    if role is Role.KIOSK:
        raise Refusal(t("token.no_stop"))
    now_s, ttl_s = time.time(), float(ttl or MONTH_S)
    typer.echo(make_token(_key(data), role=role, subject=subject, now_s=now_s, ttl_s=ttl_s, vehicle_id=vehicle))


def _key(data: Path) -> bytes:
    try:
        return signing_key(data, demo=True)
    except SecretError as error:
        raise Refusal(str(error)) from error


def _stop_link(data: Path, stop_id: str, base_url: str) -> str:
    from server.web.presence import stop_nonce

    return f"{base_url.rstrip('/')}/s/{quote(stop_id, safe='')}?n={stop_nonce(_key(data), stop_id)}"


def _kiosk(data: Path, stop_id: str, subject: str, base_url: str, *, ttl_s: float) -> str:
    """The token alone for a button box; for a tablet the address that it opens, the token behind `#`, which is never sent."""
    token = make_token(_key(data), role=Role.KIOSK, subject=subject, now_s=time.time(), ttl_s=ttl_s, stop_id=stop_id)
    return f"{base_url.rstrip('/')}/kiosk/{quote(stop_id, safe='')}#{token}" if base_url else token
