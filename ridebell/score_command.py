"""`ridebell score`: decisions against truth, as a table or as JSON."""

from pathlib import Path
from typing import Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t


def score(
    decisions: Annotated[Path, typer.Argument(metavar="DECISIONS", help=t("score.decisions"))],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help=t("score.truth"))],
    as_json: Annotated[bool, typer.Option("--json", help=t("score.json"))] = False,
) -> None:
    """Compare decisions with truth."""
    import msgspec

    from server import score as scoring
    from server.protocol.decisions import read_judged
    from server.protocol.recording import RecordingError

    try:
        result = scoring.score(read_judged(decisions), read_judged(truth))
    except RecordingError as error:
        raise Refusal(str(error)) from error
    fields = msgspec.to_builtins(result)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(fields), indent=2).decode())
        return
    _table(fields)


def _table(score: dict[str, dict[str, object] | None]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=t("score.title"), title_justify="left")
    for column in ("what", "figure", "value"):
        table.add_column(t(f"score.column.{column}"), justify="right" if column == "value" else "left")
    for part in ("position", "stop_visit", "bell", "ride", "prediction"):
        figures = score[part]
        if figures is None:
            table.add_row(part, t("score.no_truth"), "–", end_section=True)
            continue
        rows = [(name, _shown(value)) for name, value in figures.items()]
        for index, (name, value) in enumerate(rows):
            table.add_row(part if index == 0 else "", name, value, end_section=index == len(rows) - 1)
    Console().print(table)


def _shown(value: object) -> str:
    match value:
        case None:
            return "–"
        case float():
            return f"{value:.2%}"
        case dict():
            return "  ".join(f"{name} {number if number is not None else '–'}" for name, number in value.items())
        case _:
            return str(value)
