"""`ridebell tariff`: what tariffs there are, whether a file is one, and what rides cost, rule by rule."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.cli import Command, Group
from ridebell.refusal import Refusal
from ridebell.tariff_exchange import export_files, import_fares
from ridebell.tariff_named import DEFAULT, TariffName, flaw_sentence, no_such, read_named
from ridebell.texts import language, t

if TYPE_CHECKING:
    from server.core.fares.riding import Bill, Increment, Unpriced
    from server.core.fares.tariff import ProductTariff, Tariff, Words
    from server.protocol.pricing import PriceQuestion

tariff = typer.Typer(
    name="tariff", cls=Group, help=t("tariff.help"), add_completion=False, rich_markup_mode="rich", no_args_is_help=True
)

tariff.command("import", cls=Command, help=t("tariff.import.help"))(import_fares)
tariff.command("export", cls=Command, help=t("tariff.export.help"))(export_files)


@tariff.command("list", cls=Command, help=t("tariff.list.help"))
def list_tariffs() -> None:
    """Name the tariffs that come with Ridebell."""
    from server.tariff_presets import load_tariff, tariff_names

    for name in tariff_names():
        one = load_tariff(name)
        typer.echo(t("tariff.list.line", table=one.table, title=_said(one.title), currency=one.currency))


@tariff.command("check", cls=Command, help=t("tariff.check.help"))
def check(file: Annotated[str, typer.Argument(metavar="FILE", help=t("tariff.check.file"))]) -> None:
    """Tell everything that is wrong with a file, or what is in it."""
    from server.core.fares.tariff import ProductTariff
    from server.tariff_presets import NoSuchTariffError, TariffError, load_tariff

    try:
        one = load_tariff(file)
    except NoSuchTariffError as error:
        raise Refusal(no_such(file)) from error
    except TariffError as error:
        for flaw in error.flaws:
            typer.echo(f"{file}: {flaw_sentence(flaw)}", err=True)
        raise typer.Exit(Refusal.exit_code) from error
    if isinstance(one, ProductTariff):
        _tell_products(one)
    else:
        counts = {"fares": len(one.fares), "rules": len(one.rules), "zones": len(one.zones)}
        typer.echo(t("tariff.check.zones", table=one.table, title=_said(one.title), **counts))


@tariff.command("schema", cls=Command, help=t("tariff.schema.help"))
def schema() -> None:
    """Print the JSON Schema of tariff files; docs/api/tariff.schema.json is this."""
    import json

    import msgspec

    from server.core.fares.tariff import Tariff

    typer.echo(json.dumps(msgspec.json.schema(Tariff), indent=2, ensure_ascii=False))


def _tell_products(one: "ProductTariff") -> None:
    versions = sum(len(product.versions) for product in one.products)
    counts = {"products": len(one.products), "versions": versions, "rules": len(one.rules)}
    typer.echo(t("tariff.check.products", table=one.table, title=_said(one.title), **counts))
    for product in one.products:
        for version in product.versions:
            for disputed in version.disputed:
                mine = (version.won if disputed.medium == "card" else version.cash_won).get(disputed.rider_class, 0)
                values = {"product": product.id, "since": version.since, "rider_class": disputed.rider_class}
                typer.echo(t("tariff.check.disputed", mine=mine, other=disputed.won, source=disputed.source, **values))


@tariff.command("price", cls=Command, help=t("tariff.price.help"))
def price_rides(
    rides: Annotated[str, typer.Argument(metavar="RIDES", help=t("tariff.price.rides"))],
    name: TariffName = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help=t("tariff.price.json"))] = False,
) -> None:
    """Price one rider's rides."""
    import msgspec

    from server.core.fares.pricing import price
    from server.core.fares.riding import Bill
    from server.protocol.pricing import answer_of, rides_of

    one = read_named(name)
    question = _question(rides)
    bill = price(one, rides_of(question, one), question.rider_class)
    if not isinstance(bill, Bill):
        raise Refusal(_why_not(bill, question))
    if as_json:
        typer.echo(msgspec.json.encode(answer_of(bill, one)).decode())
    else:
        _explain(bill, question, one)


def _question(text: str) -> "PriceQuestion":
    """Read the question from a file, from standard input (`-`), or from the argument itself."""
    import msgspec

    from server.protocol.pricing import PriceQuestion

    if text.lstrip().startswith("{"):
        where, content = "RIDES", text.encode()
    elif text == "-":
        where, content = t("tariff.price.stdin"), sys.stdin.buffer.read()
    else:
        where, content = text, Path(text).read_bytes()
    try:
        return msgspec.json.decode(content, type=PriceQuestion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(t("tariff.price.not_rides", where=where, what=error)) from error


def _why_not(no: "Unpriced", question: "PriceQuestion") -> str:
    from server.protocol.pricing import place_of

    if not no.ride_id:
        return t(f"tariff.why.{no.why}", **no.values)
    place = place_of(no.ride_id)
    when = question.rides[place].boarded_at.isoformat()
    return t("tariff.why.ride", place=place, when=when, what=t(f"tariff.why.{no.why}", **no.values))


def _explain(bill: "Bill", question: "PriceQuestion", one: "Tariff") -> None:
    """Tell journey by journey, tap by tap, rule by rule how the price came about."""
    for number, journey in enumerate(bill.journeys, 1):
        total = _amount(journey.total_won, one)
        typer.echo(t("tariff.price.journey", number=number, rides=len(journey.rides), total=total))
        for increment in journey.increments:
            _explain_tap(increment, question, one)
    typer.echo(t("tariff.price.total", total=_amount(bill.total_won, one), table=bill.table))
    if bill.owed.won:
        typer.echo(t("tariff.price.owed", won=_amount(bill.owed.won, one)))


def _explain_tap(increment: "Increment", question: "PriceQuestion", one: "Tariff") -> None:
    from server.core.fares.moments import local
    from server.core.fares.tariff import ProductTariff
    from server.protocol.pricing import place_of

    ride = question.rides[place_of(increment.ride_id)]
    at = local(one, increment.at_ms).strftime("%Y-%m-%d %H:%M:%S")
    values = {"tap": t(f"tariff.tap.{increment.tap}"), "route": ride.route_id, "product": ride.product}
    typer.echo(t("tariff.price.tap", at=at, won=_amount(increment.won, one), **values))
    proofs = one.rules if isinstance(one, ProductTariff) else {}
    moved = {part.rule: part.won for part in increment.parts}
    for rule in increment.rules:
        proof = proofs.get(rule)
        evidence = f" [{proof.evidence}]" if proof is not None else ""
        won = f"  {'+' if moved[rule] > 0 else ''}{_amount(moved[rule], one)}" if rule in moved else ""
        typer.echo(f"      {rule}{evidence} {t(f'tariff.rule.{rule}')}{won}")
    if increment.basis:
        typer.echo(t("tariff.price.basis", basis=", ".join(increment.basis)))


def _amount(won: int, one: "Tariff") -> str:
    return f"{won / 10**one.minor_digits:,.{one.minor_digits}f} {one.currency}"


def _said(words: "Words") -> str:
    return words.ko if language() == "ko" else words.en
