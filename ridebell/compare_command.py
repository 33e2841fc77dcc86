"""`ridebell compare`: two decisions files of one recording, bell by bell."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from server.protocol.replays import Comparison, Fate
    from server.replays.comparison import Run

SHOWN = 40
"""Rows printed; `--json` and `--csv` have them all."""


def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help=t("compare.one"))],
    other: Annotated[Path, typer.Argument(metavar="B", help=t("compare.other"))],
    as_json: Annotated[bool, typer.Option("--json", help=t("compare.json"))] = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help=t("compare.csv"))] = None,
) -> None:
    """Show which bells fared differently in two runs."""
    import msgspec

    from server.replays.comparison import as_csv, compare as compared

    comparison = compared(_run(one), _run(other))
    if csv is not None:
        csv.write_text(as_csv(comparison), encoding="utf-8", newline="")
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode())
    elif csv is None:
        _table(comparison)


def _run(path: Path) -> "Run":
    import msgspec

    from server.protocol.recording import RecordingError, read_lines
    from server.replays.comparison import Run

    try:
        return Run(msgspec.json.decode(raw, type=dict[str, Any]) for _, raw in read_lines(path))
    except (RecordingError, msgspec.MsgspecError, KeyError, TypeError) as error:
        raise Refusal(t("compare.not_decisions", file=path, reason=error)) from error


def _table(comparison: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table

    title = t("compare.title", n=len(comparison.differences), all=comparison.bells)
    table = Table(title=title, title_justify="left")
    for column in ("bell", "stop", "differs", "one", "other"):
        table.add_column(t(f"compare.column.{column}"))
    for row in comparison.differences[:SHOWN]:
        table.add_row(
            row.bell_id, row.stop_id, " ".join(row.differs), _said(row.one, row.rung_ms), _said(row.other, row.rung_ms)
        )
    Console().print(table)
    more = len(comparison.differences) - SHOWN
    if more > 0:
        typer.echo(t("compare.more", n=more))


def _said(fate: "Fate", rung_ms: int) -> str:
    """A bell's fate in a cell: its bus, its end, and after how many seconds the driver was told."""
    if fate.refused is not None:
        return f"refused: {fate.refused}"
    told = "–" if fate.told_ms is None else f"+{(fate.told_ms - rung_ms) / 1000:.0f} s"
    return f"{fate.vehicle_id or '–'}  {fate.state or '–'}  {told}"
