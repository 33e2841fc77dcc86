"""`ridebell serve`: the server on one port, until it is told to stop."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.inputs import beacons_from, network_from, policy_from, vehicles_from
from ridebell.refusal import Refusal
from ridebell.tariff_named import DEFAULT, read_named
from ridebell.texts import t

if TYPE_CHECKING:
    from server.bootstrap import FarePlan
    from server.clock import Clock


OIDC_SECRET_VARIABLE = "RIDEBELL_OIDC_SECRET"  # noqa: S105 - the name of an environment variable


class Backend(StrEnum):
    """Where lasting facts are kept."""

    EMBEDDED = "embedded"


def serve(
    network: Annotated[Path, typer.Option(metavar="NETWORK", help=t("serve.network"))],
    data: Annotated[Path, typer.Option(metavar="DIR", help=t("serve.data"))],
    port: Annotated[int, typer.Option(min=0, max=65535, help=t("serve.port"))] = 8080,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help=t("serve.host"))] = "127.0.0.1",
    vehicles: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.vehicles"))] = None,
    beacons: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.beacons"))] = None,
    policy: Annotated[str, typer.Option(metavar="NAME|FILE", help=t("serve.policy"))] = "physical",
    poll: Annotated[str | None, typer.Option(metavar="URL", help=t("serve.poll"))] = None,
    poll_period: Annotated[
        float, typer.Option(metavar="SECONDS", min=1.0, max=600.0, help=t("serve.poll_period"))
    ] = 10.0,
    demo: Annotated[bool, typer.Option("--demo", help=t("serve.demo"))] = False,
    backend: Annotated[Backend, typer.Option(help=t("serve.backend"))] = Backend.EMBEDDED,
    origin: Annotated[list[str] | None, typer.Option(metavar="URL", help=t("serve.origin"))] = None,
    trusted_proxies: Annotated[str, typer.Option(metavar="ADDRESSES", help=t("serve.trusted_proxies"))] = "",
    jwks_url: Annotated[str, typer.Option(metavar="URL", help=t("serve.jwks_url"))] = "",
    oidc_issuer: Annotated[str, typer.Option(metavar="URL", help=t("serve.oidc_issuer"))] = "",
    oidc_client: Annotated[str, typer.Option(metavar="ID", help=t("serve.oidc_client"))] = "",
    oidc_roles_claim: Annotated[str, typer.Option(metavar="PATH", help=t("serve.oidc_roles_claim"))] = "roles",
    tiles: Annotated[str, typer.Option(metavar="URL", help=t("serve.tiles"))] = "",
    tiles_by: Annotated[str, typer.Option(metavar="TEXT", help=t("serve.tiles_by"))] = "",
    push_contact: Annotated[str, typer.Option(metavar="ADDRESS", help=t("serve.push_contact"))] = "",
    driver_keys: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.driver_keys"))] = None,
    tariff: Annotated[str, typer.Option(metavar="NAME|FILE", help=t("serve.tariff"))] = "",
    fares: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.fares"))] = None,
    payments: Annotated[str, typer.Option(metavar="URL", help=t("serve.payments"))] = "",
    record: Annotated[Path | None, typer.Option(metavar="DIR", help=t("serve.record"))] = None,
    keep_days: Annotated[int, typer.Option(metavar="N", min=0, max=400, help=t("serve.keep_days"))] = 0,
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help=t("serve.as_of"))] = None,
    rate: Annotated[float, typer.Option(metavar="N", min=0.1, max=1000.0, help=t("serve.rate"))] = 1.0,
) -> None:
    """Serve riders, terminals, operators and feeds."""
    from server import bootstrap
    from server.archive import ArchivePlan
    from server.settings import RecordingSettings, WebSettings

    web = WebSettings(
        host=host,
        port=port,
        demo=demo,
        allowed_origins=tuple(origin or ()),
        trusted_proxies=trusted_proxies,
        jwks_url=jwks_url,
        oidc_issuer=_checked_issuer(oidc_issuer, oidc_client),
        oidc_client_id=oidc_client,
        oidc_client_secret=os.environ.get(OIDC_SECRET_VARIABLE, ""),
        oidc_roles_claim=oidc_roles_claim,
        tiles_url=_checked_tiles(tiles),
        tiles_attribution=tiles_by,
        push_contact=_checked_contact(push_contact),
        driver_keys=_checked_keys(driver_keys),
    )
    charging = _fare_plan(tariff, fares, payments)
    fleet = vehicles_from(vehicles)
    plan = bootstrap.Plan(
        network=network_from(network),
        data_dir=data,
        vehicles=fleet,
        beacons=beacons_from(beacons),
        policy=policy_from(policy),
        web=web,
        poll_url=poll,
        poll_period_s=poll_period,
        backend=backend.value,
        clock=_clock(as_of, rate=rate),
        archive=ArchivePlan(
            recordings=record or data / "recordings", replays=data / "replays", network_file=network, vehicles=fleet
        ),
        recording=RecordingSettings(keep_days=keep_days),
        fares=charging,
        told=lambda url: typer.echo(t("serve.ready", url=url)),
    )
    try:
        bootstrap.serve(plan)
    except bootstrap.StartError as error:
        raise Refusal(str(error)) from error


def _fare_plan(tariff: str, fares: Path | None, payments: str) -> "FarePlan | None":
    """Say by what rides are priced; without a tariff or products nothing is charged."""
    from server.bootstrap import FarePlan

    if not tariff and fares is None:
        if payments:
            raise Refusal(t("serve.payments_need_fares"))
        return None
    if payments and not payments.startswith(("http://", "https://")):
        raise Refusal(t("serve.bad_payments", text=payments))
    named = tariff or DEFAULT
    read_named(named)
    return FarePlan(tariff=named, route_fares=fares, payments_url=payments)


def _checked_issuer(issuer: str, client: str) -> str:
    """The identity provider, if there is one; it must know us by a name."""
    from server.web.oidc import BadIssuerError, checked_issuer

    if not issuer:
        return ""
    if not client:
        raise Refusal(t("serve.oidc_no_client"))
    try:
        return checked_issuer(issuer)
    except BadIssuerError as error:
        raise Refusal(str(error)) from error


def _checked_contact(text: str) -> str:
    """An address that push services accept as ours (RFC 8292 §2.1)."""
    if text and not text.startswith(("mailto:", "https://")):
        raise Refusal(t("serve.bad_contact", text=text))
    return text


def _checked_keys(path: Path | None) -> str:
    """The operator's table of driver keys, read once so that a bad one is told now."""
    from server.web.driver_keys import BadKeysError, read_keys

    if path is None:
        return ""
    try:
        read_keys(path)
    except BadKeysError as error:
        raise Refusal(str(error)) from error
    return str(path)


def _checked_tiles(url: str) -> str:
    """Give the pattern of pictures' addresses, or none; it must be one."""
    if url and not (url.startswith(("https://", "http://")) and all(part in url for part in ("{z}", "{x}", "{y}"))):
        raise Refusal(t("serve.bad_tiles", text=url))
    return url


def _clock(as_of: str | None, *, rate: float) -> "Clock":
    """The machine's clock, or one that runs in another day."""
    from server.clock import ShiftedClock, SystemClock

    if as_of is None:
        if rate != 1.0:
            raise Refusal(t("serve.rate_needs_as_of"))
        return SystemClock()
    try:
        start = datetime.fromisoformat(as_of)
    except ValueError as error:
        raise Refusal(t("serve.bad_as_of", text=as_of)) from error
    if start.tzinfo is None:
        raise Refusal(t("serve.bad_as_of", text=as_of))
    return ShiftedClock(round(start.timestamp() * 1000), rate=rate)
