"""`ridebell openapi` and `ridebell asyncapi`: the contracts, exported from the types."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ridebell.texts import t

Out = Annotated[Path | None, typer.Option(metavar="FILE", help=t("export.out"))]


def openapi(out: Out = None) -> None:
    """Print or write the OpenAPI document."""
    from server.web.api_document import openapi_document

    _put(openapi_document(), out)


def asyncapi(out: Out = None) -> None:
    """Print or write the AsyncAPI document."""
    from server.protocol.asyncapi import document

    _put(document(), out)


def _put(document: dict[str, Any], out: Path | None) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
