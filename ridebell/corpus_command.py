"""`ridebell corpus`: every scenario through the engine, and a table of what came out as expected."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import language, t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.corpus import Verdict
    from server.protocol.scenario import Scenario

FAILED = 1
"""Exit status when a scenario did not come out as expected, as pytest and others use it."""
OWN_CORPUS = Path("tests/scenarios")


def corpus(
    path: Annotated[Path, typer.Argument(metavar="PATH", help=t("corpus.path"))] = OWN_CORPUS,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="NNN", help=t("corpus.only"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=t("corpus.json"))] = False,
) -> None:
    """Run scenarios and judge them."""
    from server.protocol.scenario import ScenarioError, find_scenarios

    try:
        scenarios = find_scenarios(path, frozenset(only or ()))
    except ScenarioError as error:
        raise Refusal(str(error)) from error
    verdicts = list(_in_process(scenarios))
    if as_json:
        _print_json(verdicts)
    else:
        _print_table(verdicts)
    if any(verdict.result == "failed" for verdict in verdicts):
        raise typer.Exit(FAILED)


def _in_process(scenarios: "list[Scenario]") -> "Iterator[Verdict]":
    from server.corpus import Corpus
    from server.presets import PolicyError
    from server.protocol.expectations import ExpectationError
    from server.protocol.recording import RecordingError
    from server.protocol.scenario import ScenarioError
    from server.registry import RegistryError

    runner = Corpus()
    for scenario in scenarios:
        try:
            yield runner.run(scenario)
        except (ScenarioError, RecordingError, ExpectationError, PolicyError, RegistryError) as error:
            raise Refusal(str(error)) from error


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
