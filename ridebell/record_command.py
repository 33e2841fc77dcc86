"""`ridebell record`: let a running server record what comes in, and fetch the file."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    import httpx

PATH = "/v1/ops/recordings"
WHO_ASKS = "RIDEBELL_TOKEN"
TOKEN_TTL_S = 86_400.0
ANSWER_S = 30.0


def record(
    url: Annotated[str, typer.Option(metavar="URL", help=t("record.url"))] = "http://127.0.0.1:8080",
    data: Annotated[Path | None, typer.Option(metavar="DIR", help=t("record.data"))] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=t("record.out"))] = None,
    minutes: Annotated[float | None, typer.Option(min=0.0, max=1440.0, help=t("record.minutes"))] = None,
    get: Annotated[str | None, typer.Option(metavar="NAME", help=t("record.get"))] = None,
    as_list: Annotated[bool, typer.Option("--list", help=t("record.list"))] = False,
) -> None:
    """Record on a server, or fetch what it has recorded."""
    import httpx

    headers = {"authorization": f"Bearer {_token(data)}", "accept-language": "en"}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=ANSWER_S) as server:
            if as_list:
                _list(server)
                return
            name = get if get is not None else _record(server, minutes)
            place = out or Path(f"{name}.jsonl.zst")
            _fetch(server, name, place)
    except httpx.HTTPError as error:
        raise Refusal(t("record.no_server", url=url, reason=error)) from error
    typer.echo(t("record.fetched", name=name, out=place), err=True)


def _token(data: Path | None) -> str:
    """The operator's token: from the environment, or signed with the key of the server's own data directory."""
    given = os.environ.get(WHO_ASKS)
    if given:
        return given
    if data is None:
        raise Refusal(t("record.no_token", variable=WHO_ASKS))
    from server.protocol.tokens import Role, SecretError, make_token, signing_key

    try:
        key = signing_key(data, demo=True)
    except SecretError as error:
        raise Refusal(str(error)) from error
    return make_token(key, role=Role.OPERATOR, subject="ridebell-record", now_s=time.time(), ttl_s=TOKEN_TTL_S)


def _record(server: "httpx.Client", minutes: float | None) -> str:
    """Start, wait for the time to pass or for Ctrl-C, stop; the recording's name."""
    begun = _answer(server.post(PATH, json={"action": "start"}))
    typer.echo(
        t("record.started" if minutes is None else "record.started_for", name=begun["name"], n=minutes), err=True
    )
    try:
        time.sleep(86_400.0 if minutes is None else 60.0 * minutes)
    except KeyboardInterrupt:
        typer.echo("", err=True)
    return str(_answer(server.post(PATH, json={"action": "stop"}))["name"])


def _fetch(server: "httpx.Client", name: str, place: Path) -> None:
    """Stream a recording to a file that appears whole or not at all."""
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with server.stream("GET", f"{PATH}/{name}") as answer:
            if answer.is_error:
                answer.read()
                _answer(answer)
            with part.open("wb") as file:
                for piece in answer.iter_bytes():
                    file.write(piece)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _list(server: "httpx.Client") -> None:
    for row in _answer(server.get(PATH))["recordings"]:
        typer.echo(
            f"{row['name']}\t{row['state']}\t{row['lines'] if row['lines'] is not None else '-'}\t{row['stored_bytes']}"
        )


def _answer(answer: "httpx.Response") -> dict[str, Any]:
    """The body, or the server's own sentence about why not."""
    try:
        body: dict[str, Any] = answer.json()
    except ValueError:
        body = {}
    if answer.is_error:
        raise Refusal(t("record.refused", status=answer.status_code, detail=body.get("detail", answer.reason_phrase)))
    return body
