"""`ridebell corpus`: every scenario through the engine, and a table of what came out as expected."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import language, t

if TYPE_CHECKING:
    from server.protocol.scenario import Verdict

FAILED = 1
"""Exit status when a scenario did not come out as expected, as pytest and others use it."""
OWN_CORPUS = Path("tests/scenarios")


def corpus(
    path: Annotated[Path, typer.Argument(metavar="PATH", help=t("corpus.path"))] = OWN_CORPUS,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NNN", help=t("corpus.only"))] = None,
    serve: Annotated[bool, typer.Option("--serve", help=t("corpus.serve"))] = False,
    against: Annotated[str | None, typer.Option(metavar="URL", help=t("corpus.against"))] = None,
    rate: Annotated[float | None, typer.Option(metavar="N", min=0.1, max=1000.0, help=t("corpus.rate"))] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help=t("corpus.data"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=t("corpus.json"))] = False,
) -> None:
    """Run scenarios and judge them."""
    if serve and against is not None:
        raise Refusal(t("corpus.one_of"))
    from ridebell.rehearsals import REHEARSAL_RATE, rehearse_abroad, rehearse_at_home
    from server.corpus import Corpus
    from server.presets import PolicyError
    from server.protocol.expectations import ExpectationError
    from server.protocol.recording import RecordingError
    from server.protocol.scenario import ScenarioError, find_scenarios
    from server.registry import RegistryError

    try:
        scenarios = find_scenarios(path, frozenset(only or ()))
        if serve:
            verdicts = rehearse_at_home(scenarios, rate=rate or REHEARSAL_RATE)
        elif against is not None:
            verdicts = rehearse_abroad(scenarios, against, rate=rate or 1.0, data=data)
        else:
            verdicts = [*map(Corpus().run, scenarios)]
    except (ScenarioError, RecordingError, ExpectationError, PolicyError, RegistryError) as error:
        raise Refusal(str(error)) from error
    if as_json:
        _print_json(verdicts)
    else:
        _print_table(verdicts)
    if any(verdict.result == "failed" for verdict in verdicts):
        raise typer.Exit(FAILED)


def _print_json(verdicts: "list[Verdict]") -> None:
    import msgspec

    rows = [
        {
            "number": v.scenario.number,
            "name": v.scenario.name,
            "titles": v.scenario.titles,
            "result": v.result,
            "why": v.why,
        }
        for v in verdicts
    ]
    typer.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())


def _print_table(verdicts: "list[Verdict]") -> None:
    from collections import Counter

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"ok": "green", "failed": "bold red", "not_applicable": "dim"}
    table = Table(box=None, pad_edge=False)
    for column in ("number", "title", "result"):
        table.add_column(t(f"corpus.column.{column}"))
    for verdict in verdicts:
        text = Text("\n".join([verdict.scenario.title(language()), *(f"· {sentence}" for sentence in verdict.why)]))
        result = Text(t(f"corpus.result.{verdict.result}"), style=colours[verdict.result])
        table.add_row(verdict.scenario.number, text, result)
    Console().print(table)
    counts = Counter(str(verdict.result) for verdict in verdicts)
    typer.echo(t("corpus.sum", **{name: counts[name] for name in colours}))
