"""`ridebell serve`: the server on one port, until it is told to stop."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ridebell.inputs import network_from, policy_from, vehicles_from
from ridebell.refusal import Refusal
from ridebell.texts import t


class Backend(StrEnum):
    """Where lasting facts are kept."""

    EMBEDDED = "embedded"


def serve(
    network: Annotated[Path, typer.Option(metavar="NETWORK", help=t("serve.network"))],
    data: Annotated[Path, typer.Option(metavar="DIR", help=t("serve.data"))],
    port: Annotated[int, typer.Option(min=0, max=65535, help=t("serve.port"))] = 8080,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help=t("serve.host"))] = "127.0.0.1",
    vehicles: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.vehicles"))] = None,
    policy: Annotated[str, typer.Option(metavar="NAME|FILE", help=t("serve.policy"))] = "physical",
    poll: Annotated[str | None, typer.Option(metavar="URL", help=t("serve.poll"))] = None,
    demo: Annotated[bool, typer.Option("--demo", help=t("serve.demo"))] = False,
    backend: Annotated[Backend, typer.Option(help=t("serve.backend"))] = Backend.EMBEDDED,
    origin: Annotated[list[str] | None, typer.Option(metavar="URL", help=t("serve.origin"))] = None,
    trusted_proxies: Annotated[str, typer.Option(metavar="ADDRESSES", help=t("serve.trusted_proxies"))] = "",
    jwks_url: Annotated[str, typer.Option(metavar="URL", help=t("serve.jwks_url"))] = "",
) -> None:
    """Serve riders, terminals, operators and feeds."""
    from server import bootstrap
    from server.settings import WebSettings

    web = WebSettings(
        host=host,
        port=port,
        demo=demo,
        allowed_origins=tuple(origin or ()),
        trusted_proxies=trusted_proxies,
        jwks_url=jwks_url,
    )
    try:
        bootstrap.serve(
            network_from(network),
            data_dir=data,
            vehicles=vehicles_from(vehicles),
            policy=policy_from(policy),
            web=web,
            poll_url=poll,
            backend=backend.value,
        )
    except bootstrap.StartError as error:
        raise Refusal(str(error)) from error
