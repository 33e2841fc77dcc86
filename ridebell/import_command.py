"""`ridebell import`: a GTFS Schedule feed to one compiled network file, and a table of what was read."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from server.gtfs.archive import Progress
    from server.gtfs.compiled import Head
    from server.gtfs.problems import ProblemLog
    from server.gtfs.schedule import Schedule

LISTED = 20
"""Problems shown word for word unless asked for more; all are counted."""
KIB_PER_MIB = 1024


def import_feed(
    feed: Annotated[Path, typer.Argument(metavar="FEED.zip", help=t("import.feed"))],
    out: Annotated[Path, typer.Option(metavar="NETWORK", help=t("import.out"))],
    problems: Annotated[int, typer.Option(min=0, metavar="N", help=t("import.problems"))] = LISTED,
) -> None:
    """Compile a feed. The file appears whole or not at all."""
    from server.gtfs.compiled import save
    from server.gtfs.problems import FeedError
    from server.gtfs.schedule import read_schedule

    check_out(feed, out)
    began_s = time.monotonic()
    try:
        with _progress_bar(feed) as progress:
            schedule = read_schedule(feed, progress)
            head = save(schedule.columns, out, problems=len(schedule.problems))
    except FeedError as error:
        raise Refusal(t(f"import.error.{error.code}", **error.values)) from error
    _show(schedule, head, out, seconds=time.monotonic() - began_s)
    list_problems(schedule.problems, problems)


def check_out(feed: Path, out: Path) -> None:
    """Find out before the work what would fail after it."""
    if out.is_dir() or not out.parent.is_dir():
        raise Refusal(t("import.bad_out", out=out))
    if out.exists() and feed.exists() and out.samefile(feed):
        raise Refusal(t("import.same_file", out=out))


@contextmanager
def _progress_bar(feed: Path) -> "Iterator[Progress | None]":
    """Show a bar on stderr, but only to people."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(t("import.reading", file=feed.name), total=1.0)
        yield lambda file, share: bar.update(task, description=t("import.reading", file=file), completed=share)


def _show(schedule: "Schedule", head: "Head", out: Path, *, seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    by_file: dict[str, int] = {}
    for (file, _), count in schedule.problems.counts.items():
        by_file[file] = by_file.get(file, 0) + count
    title = t("import.title", agency=head.agency_name or "?", version=head.feed_version or "-")
    table = Table()
    table.add_column(t("import.column.file"))
    table.add_column(t("import.column.rows"), justify="right")
    table.add_column(t("import.column.problems"), justify="right")
    for file, rows in schedule.rows.items():
        table.add_row(file, f"{rows:,}", f"{by_file[file]:,}" if file in by_file else "")
    console = Console()
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB_PER_MIB
    found = t("import.found", routes=head.routes, patterns=head.patterns, stops=head.stops, trips=head.trips)
    cost = t("import.cost", out=out, size=out.stat().st_size / 1e6, seconds=seconds, memory=peak_mib)
    for line in (found, cost, t("import.hash", hash=head.feed_hash)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def list_problems(problems: "ProblemLog", limit: int) -> None:
    """List problems as `file:line: what, and what was done`; then how many of each kind there were in all."""
    if not len(problems):
        typer.echo(t("import.no_problems"))
        return
    for problem in sorted(problems.kept, key=lambda p: (p.file, p.line))[:limit]:
        where = f"{problem.file}:{problem.line}" if problem.line else problem.file
        typer.echo(f"{where}: {t(f'import.problem.{problem.code}', **problem.values)}")
    if len(problems) > limit:
        typer.echo(t("import.counts", total=len(problems)))
        for (file, code), count in problems.counts.most_common():
            typer.echo(f"  {count:>8,}  {file}  {code}")
