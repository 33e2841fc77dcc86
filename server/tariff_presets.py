"""Tariffs and programmes by name: data in `server/tariffs/` and `server/programmes/`, or an operator's own file."""

from importlib.resources import files
from pathlib import Path

import msgspec

from server.core.fares.programmes import Programme
from server.core.fares.reading import Flaw, Flawed, read_tariff
from server.core.fares.tariff import Tariff


class TariffError(ValueError):
    """A tariff that cannot be used: `flaws` say what is wrong with its content."""

    def __init__(self, name: str, flaws: tuple[Flaw, ...]) -> None:
        super().__init__(name, flaws)
        self.name = name
        self.flaws = flaws

    def __str__(self) -> str:
        return f"{self.name}: " + "; ".join(f"{flaw.where}: {flaw.code} {flaw.values}" for flaw in self.flaws)


class NoSuchTariffError(ValueError):
    """A name that no tariff of ours has."""


class ProgrammeError(ValueError):
    """A programme that cannot be used; the text says what, where, and what to do."""


def tariff_names() -> list[str]:
    """Names of the tariffs that come with Ridebell."""
    return sorted(
        entry.name.removesuffix(".json")
        for entry in files("server").joinpath("tariffs").iterdir()
        if entry.name.endswith(".json")
    )


def load_tariff(name_or_file: str) -> Tariff:
    """Read a tariff by its name, or a file where the text has a `/` or ends in `.json`.

    Raises TariffError for bad content, NoSuchTariffError for an unknown name, OSError for a file that cannot be read.
    """
    if "/" in name_or_file or name_or_file.endswith(".json"):
        content = Path(name_or_file).read_bytes()
    elif name_or_file in tariff_names():
        content = files("server").joinpath("tariffs", f"{name_or_file}.json").read_bytes()
    else:
        raise NoSuchTariffError(name_or_file)
    read = read_tariff(content)
    if isinstance(read, Flawed):
        raise TariffError(name_or_file, read.flaws)
    return read


def programme_names() -> list[str]:
    """Names of the best-fare and refund programmes that come with Ridebell."""
    return sorted(entry.name.removesuffix(".json") for entry in files("server").joinpath("programmes").iterdir())


def load_programme(name_or_file: str) -> Programme:
    """Read a programme by its name or from a file, as `load_tariff` does.

    Raises ProgrammeError with one sentence for an unknown name or bad content, OSError for a file that cannot be read.
    """
    if "/" in name_or_file or name_or_file.endswith(".json"):
        content = Path(name_or_file).read_bytes()
    elif name_or_file in programme_names():
        content = files("server").joinpath("programmes", f"{name_or_file}.json").read_bytes()
    else:
        raise ProgrammeError(
            f"there is no programme named {name_or_file!r}; choose one of {', '.join(programme_names())}"
        )
    try:
        programme: Programme = msgspec.json.decode(content, type=Programme)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProgrammeError(f"{name_or_file} is not a programme: {error}") from error
    return programme
