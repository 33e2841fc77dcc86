"""`ridebell payments`: a practice payment provider on one port. Not a bank: it moves no money."""

from pathlib import Path
from typing import Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t


def payments(
    data: Annotated[Path, typer.Option(metavar="DIR", help=t("payments.data"))],
    port: Annotated[int, typer.Option(min=0, max=65535, help=t("payments.port"))] = 8090,
    decline: Annotated[list[str] | None, typer.Option(metavar="ACCOUNT", help=t("payments.decline"))] = None,
    late_every: Annotated[int, typer.Option(metavar="N", min=0, help=t("payments.late_every"))] = 0,
    late_s: Annotated[float, typer.Option("--late", metavar="SECONDS", min=0.0, help=t("payments.late"))] = 30.0,
) -> None:
    """Serve `POST /charges` and `GET /charges/{key}` until the end."""
    import socket

    import uvicorn

    from server.payments.practice import Manners, PracticeBooks, create_provider, system_now_ms

    data.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise Refusal(t("payments.port_taken", port=port, reason=error.strerror or error)) from error
    books = PracticeBooks(data / "practice-provider.sqlite3")
    manners = Manners(decline=tuple(decline or ()), late_every=late_every, late_s=late_s)
    app = create_provider(books, manners, system_now_ms)
    typer.echo(t("payments.ready", url=f"http://127.0.0.1:{listener.getsockname()[1]}"))
    try:
        uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off")).run(sockets=[listener])
    finally:
        books.close()
        listener.close()
