"""A tariff named on the command line: read, or refused in one sentence."""

from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from server.core.fares.reading import Flaw
    from server.core.fares.tariff import Tariff

DEFAULT = "kr-capital"
TariffName = Annotated[str, typer.Option("--tariff", metavar="NAME|FILE", help=t("tariff.tariff"))]


def read_named(name: str) -> "Tariff":
    """Load a tariff by name or file, or refuse in one sentence."""
    from server.tariff_presets import NoSuchTariffError, TariffError, load_tariff

    try:
        return load_tariff(name)
    except NoSuchTariffError as error:
        raise Refusal(no_such(name)) from error
    except TariffError as error:
        more = t("tariff.more_flaws", count=len(error.flaws) - 1) if len(error.flaws) > 1 else ""
        raise Refusal(f"{name}: {flaw_sentence(error.flaws[0])}{more}") from error


def no_such(name: str) -> str:
    """Say that there is no such tariff, and which there are."""
    from server.tariff_presets import tariff_names

    return t("tariff.no_such", name=name, known=", ".join(tariff_names()))


def flaw_sentence(flaw: "Flaw") -> str:
    """Say where, what, and what to do."""
    return f"{flaw.where}: {t(f'tariff.flaw.{flaw.code}', **flaw.values)}"
