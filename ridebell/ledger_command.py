"""`ridebell ledger`: is it whole, what stands where, tables to take away, and what programmes give back."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ridebell.cli import Command, Group
from ridebell.inputs import network_from
from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    import sqlite3

    from server.core.fares.postings import RideFact
    from server.core.fares.programmes import Report
    from server.ledger.programmes import AccountMonth

ledger = typer.Typer(
    name="ledger", cls=Group, help=t("ledger.help"), add_completion=False, rich_markup_mode="rich", no_args_is_help=True
)
NOT_WHOLE = 1
"""Exit status when the ledger is not whole, so that a nightly job notices."""
Data = Annotated[Path, typer.Option(metavar="DIR", help=t("ledger.data"))]
Network = Annotated[Path, typer.Option(metavar="NETWORK", help=t("ledger.network"))]
LAST_DAY = "9999-12-31"
DAY_MS = 86_400_000


@contextmanager
def _books(data: Path) -> "Iterator[sqlite3.Connection]":
    from server.backends.embedded import DataDirError
    from server.backends.embedded.ledger_schema import LEDGER_FILE, read_ledger_file

    try:
        connection = read_ledger_file(data / LEDGER_FILE)
    except DataDirError as error:
        raise Refusal(str(error)) from error
    with closing(connection):
        yield connection


@ledger.command("verify", cls=Command, help=t("ledger.verify.help"))
def verify(
    data: Data,
    seal: Annotated[list[str] | None, typer.Option(metavar="DAY=SEAL", help=t("ledger.verify.seal"))] = None,
) -> None:
    """Compute every hash and sum anew; compare seals that were kept elsewhere."""
    from server.backends.embedded.ledger_audit import audit
    from server.backends.embedded.ledger_reads import days

    with _books(data) as books:
        found = audit(books)
        seals = {day.day: day.seal for day in days(books, limit=2**31)}
    problems = list(found.problems)
    for pair in seal or ():
        day, _, kept = pair.partition("=")
        if seals.get(day) != kept:
            problems.append(t("ledger.verify.other_seal", day=day))
    for problem in problems:
        typer.echo(t("ledger.verify.problem", what=problem), err=True)
    if problems:
        raise typer.Exit(NOT_WHOLE)
    last = max(seals, default="")
    typer.echo(t("ledger.verify.whole", entries=found.entries, days=found.days, head=found.head[:16]))
    if last:
        typer.echo(t("ledger.verify.last_seal", day=last, seal=seals[last]))


@ledger.command("balance", cls=Command, help=t("ledger.balance.help"))
def balance(
    data: Data, day: Annotated[str, typer.Option(metavar="DAY", help=t("ledger.balance.day"))] = LAST_DAY
) -> None:
    """Print the trial balance."""
    from server.backends.embedded.ledger_reads import trial_balance

    with _books(data) as books:
        rows = trial_balance(books, last_day=day)
    for row in rows:
        typer.echo(f"{row.account:<32}{row.debit_won:>16,}{row.credit_won:>16,}{row.won:>16,}")
    typer.echo(f"{'=':<32}{'':>16}{'':>16}{sum(row.won for row in rows):>16,}")


@ledger.command("days", cls=Command, help=t("ledger.days.help"))
def days_closed(data: Data) -> None:
    """Print closed days with their seals, the oldest first."""
    from server.backends.embedded.ledger_reads import days

    with _books(data) as books:
        found = days(books, limit=2**31)
    for day in reversed(found):
        typer.echo(t("ledger.days.line", day=day.day, entries=day.entries, won=f"{day.debit_won:,}", seal=day.seal))


@ledger.command("conflicts", cls=Command, help=t("ledger.conflicts.help"))
def conflicts(data: Data) -> None:
    """Print what was refused because its id stood for something else."""
    from server.backends.embedded import ledger_reads as reads

    with _books(data) as books:
        for one in reads.conflicts(books, limit=10_000):
            typer.echo(t("ledger.conflicts.line", id=one.fact_id, held=one.held, came=one.came))
        for device in reads.devices(books):
            for first, last in device.missing:
                typer.echo(t("ledger.conflicts.missing", device=device.device, first=first, last=last))


@ledger.command("export", cls=Command, help=t("ledger.export.help"))
def export(
    table: Annotated[str, typer.Argument(metavar="TABLE", help=t("ledger.export.table"))],
    data: Data,
    network: Network,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help=t("ledger.export.from"))] = "0001-01-01",
    until: Annotated[str, typer.Option("--to", metavar="DAY", help=t("ledger.export.to"))] = LAST_DAY,
    currency: Annotated[str, typer.Option(metavar="CODE", help=t("ledger.export.currency"))] = "KRW",
    out: Annotated[str, typer.Option(metavar="FILE", help=t("export.to_file"))] = "-",
) -> None:
    """Write entries, rides or TIDES fare_transactions of some days as CSV."""
    from typing import get_args

    from server.backends.embedded import ledger_reads as reads
    from server.exports import Names, csv_text
    from server.ledger import tables

    if table not in get_args(tables.LedgerTable):
        raise Refusal(t("export.bad_table", table=table, tables=", ".join(get_args(tables.LedgerTable))))
    loaded = network_from(network)
    zone = ZoneInfo(loaded.timezone)
    with _books(data) as books:
        entries = list(reads.entries(books, first_day=since, last_day=until))
        ids = {line.ride_id for kept in entries for line in kept.entry.lines if line.ride_id}
        facts = {ride_id: fact for ride_id in sorted(ids) if (fact := reads.latest_fact(books, ride_id)) is not None}
        fares = reads.fares(books, list(facts))
    match table:
        case "entries.csv":
            text = csv_text(tables.ENTRY_COLUMNS, tables.entry_rows(entries, zone))
        case "rides.csv":
            rides = [(fact, fares.get(ride_id)) for ride_id, fact in facts.items()]
            text = csv_text(tables.RIDE_COLUMNS, tables.ride_rows(rides, Names(loaded), zone))
        case _:
            text = csv_text(tables.TIDES_COLUMNS, tables.tides_rows(entries, facts, currency, zone))
    _put(text, out)


@ledger.command("programme", cls=Command, help=t("ledger.programme.help"))
def programme(
    name: Annotated[str, typer.Argument(metavar="PROGRAMME", help=t("ledger.programme.name"))],
    data: Data,
    period: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help=t("ledger.programme.month"))],
    rider_class: Annotated[str, typer.Option("--class", metavar="CLASS", help=t("ledger.programme.class"))] = "",
    tariff: Annotated[str, typer.Option(metavar="NAME|FILE", help=t("tariff.tariff"))] = "kr-capital",
) -> None:
    """Report what a programme gives back for a month, account by account. Nothing is posted."""
    from ridebell.tariff_named import read_named
    from server.ledger.programmes import report
    from server.ledger.tables import month_window
    from server.tariff_presets import ProgrammeError, load_programme

    try:
        chosen = load_programme(name)
    except ProgrammeError as error:
        raise Refusal(str(error)) from error
    try:
        window = month_window(period, ZoneInfo(chosen.timezone))
    except ValueError as error:
        raise Refusal(t("ledger.programme.bad_month", text=period)) from error
    priced = read_named(tariff)
    with _books(data) as books:
        accounts = _months(books, *window)
    found = [(one.account, report(chosen, priced, one, period, rider_class)) for one in accounts]
    for account, given in found:
        _tell(account, given)
    total = sum(given.won for _, given in found)
    typer.echo(t("ledger.programme.total", programme=chosen.table, accounts=len(found), won=f"{total:,}"))


def _months(books: "sqlite3.Connection", from_ms: int, to_ms: int) -> "list[AccountMonth]":
    """The rides of each account around a month: a day more on either side, for journeys that reach over its edges."""
    from server.backends.embedded import ledger_people as people, ledger_reads as reads
    from server.ledger.programmes import AccountMonth

    rides: dict[str, list[RideFact]] = {}
    for fact in reads.rides(books, from_ms=from_ms - DAY_MS, to_ms=to_ms + DAY_MS):
        rides.setdefault(fact.account, []).append(fact)
    return [
        AccountMonth(
            account, people.class_of(books, account), facts, reads.fares(books, [fact.ride_id for fact in facts])
        )
        for account, facts in sorted(rides.items())
    ]


def _tell(account: str, report: "Report") -> None:
    if report.missing:
        typer.echo(t("ledger.programme.nothing", account=account, why=t(f"ledger.programme.why.{report.missing}")))
    for credit in report.credits:
        values = ", ".join(f"{name} {value}" for name, value in credit.values.items())
        typer.echo(
            t(
                "ledger.programme.credit",
                account=account,
                period=credit.period,
                won=f"{credit.won:,}",
                why=t(f"ledger.programme.why.{credit.why}"),
                values=values,
            )
        )


def _put(pieces: Iterable[str], out: str) -> None:
    if out == "-":
        sys.stdout.reconfigure(newline="")  # type: ignore[union-attr]
        sys.stdout.writelines(pieces)
        return
    with Path(out).open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
