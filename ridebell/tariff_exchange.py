"""`ridebell tariff import` and `ridebell tariff export`: fares from GTFS feeds and back."""

from pathlib import Path
from typing import Annotated

import typer

from ridebell.import_command import LISTED, check_out, list_problems
from ridebell.refusal import Refusal
from ridebell.tariff_named import DEFAULT, TariffName, flaw_sentence, read_named
from ridebell.texts import t


def import_fares(
    feed: Annotated[Path, typer.Argument(metavar="FEED.zip", help=t("tariff.import.feed"))],
    out: Annotated[Path, typer.Option(metavar="FILE", help=t("tariff.import.out"))],
    name: Annotated[str | None, typer.Option(metavar="NAME", help=t("tariff.import.name"))] = None,
    problems: Annotated[int, typer.Option(min=0, metavar="N", help=t("import.problems"))] = LISTED,
) -> None:
    """Make a tariff of a feed's fares. The file appears whole or not at all."""
    import msgspec

    from server.core.fares.reading import Flawed, read_tariff
    from server.gtfs.compiled import written_whole
    from server.gtfs.fares import read_fares
    from server.gtfs.problems import FeedError

    check_out(feed, out)
    try:
        found = read_fares(feed, name)
    except FeedError as error:
        raise Refusal(t(f"import.error.{error.code}", **error.values)) from error
    content = msgspec.json.format(msgspec.json.encode(found.tariff), indent=1)
    checked = read_tariff(content)
    if isinstance(checked, Flawed):
        raise Refusal(f"{feed}: {flaw_sentence(checked.flaws[0])}")
    with written_whole(out) as file:
        file.write(content + b"\n")
    counts = {"fares": len(found.tariff.fares), "rules": len(found.tariff.rules), "zones": len(found.tariff.zones)}
    typer.echo(t("tariff.import.done", out=out, table=found.tariff.table, **counts))
    list_problems(found.problems, problems)


def export_files(
    folder: Annotated[Path, typer.Option("--gtfs-fares-v2", metavar="DIR", help=t("tariff.export.folder"))],
    name: TariffName = DEFAULT,
) -> None:
    """Write a tariff as GTFS-Fares v2, and say what is lost."""
    from server.gtfs.compiled import written_whole
    from server.gtfs.fares_export import export_fares

    one = read_named(name)
    export = export_fares(one)
    if folder.exists() and not folder.is_dir():
        raise Refusal(t("tariff.export.no_folder", folder=folder))
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, text in export.files.items():
        with written_whole(folder / file_name) as file:
            file.write(text.encode())
        typer.echo(t("tariff.export.file", file=folder / file_name, rows=text.count("\n") - 1))
    typer.echo(t("tariff.export.losses", table=one.table))
    for loss in export.losses:
        typer.echo(f"  {t(f'tariff.loss.{loss}')}")
