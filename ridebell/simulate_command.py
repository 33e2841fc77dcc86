"""`ridebell simulate`: a bundled feed, or a recording of simulated traffic with its truth."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.inputs import network_from, vehicles_from
from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from server.core.network import Network

DEFAULT_START = datetime(2026, 11, 20, 8, 0)  # noqa: DTZ001 - local time of whatever network it is used on
"""A Friday at eight: fixed, so that the same command writes the same bytes on any day."""


DEFAULT_MINUTES = 10.0


class NetworkSize(StrEnum):
    """Which bundled network."""

    TOWN = "town"
    PROVINCE = "province"


def simulate(
    out: Annotated[Path, typer.Option(metavar="FILE", help=t("simulate.out"))],
    network_size: Annotated[NetworkSize | None, typer.Option(help=t("simulate.network_size"))] = None,
    network: Annotated[Path | None, typer.Option(metavar="NETWORK", help=t("simulate.network"))] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, max=1440, help=t("simulate.minutes"))] = None,
    hours: Annotated[float | None, typer.Option(min=0.01, max=24, help=t("simulate.hours"))] = None,
    seed: Annotated[int, typer.Option(min=0, help=t("simulate.seed"))] = 1,
    truth: Annotated[Path | None, typer.Option(metavar="FILE", help=t("simulate.truth"))] = None,
    start: Annotated[datetime, typer.Option(help=t("simulate.start"))] = DEFAULT_START,
    riders_per_minute: Annotated[float, typer.Option(min=0, max=100_000, help=t("simulate.riders"))] = 20.0,
    period: Annotated[float, typer.Option(min=1, max=600, help=t("simulate.period"))] = 1.0,
    faults: Annotated[bool, typer.Option("--faults", help=t("simulate.faults"))] = False,
    urban_canyon: Annotated[bool, typer.Option("--urban-canyon", help=t("simulate.urban_canyon"))] = False,
    vehicles: Annotated[Path | None, typer.Option(metavar="FILE", help=t("simulate.vehicles"))] = None,
) -> None:
    """Write a feed or a recording."""
    if urban_canyon and (faults or period != 1.0):
        raise Refusal(t("simulate.one_kind_of_receiver"))
    lasting = minutes is not None or hours is not None
    if (network is not None and network_size is not None) or not (network or network_size or lasting):
        raise Refusal(t("simulate.one_of"))
    if network_size is not None and not lasting:
        _write_feed(network_size, out, seed)
        return
    lasts_minutes = _minutes(minutes, hours)
    from simulator.driver import Habits
    from simulator.gps import Receivers
    from simulator.recording import write_recording
    from simulator.riders import Demand
    from simulator.world import Options, World

    loaded = _bundled(network_size or NetworkSize.TOWN, seed) if network is None else network_from(network)
    options = Options(
        demand=Demand(per_minute=riders_per_minute),
        habits=Habits(sees_people=0.95),
        receivers=Receivers.urban_canyon() if urban_canyon else Receivers.worn(period) if faults else Receivers(period),
    )
    world = World(
        loaded,
        seed=seed,
        start_ms=_local_ms(start, loaded),
        span_s=60 * lasts_minutes,
        options=options,
        fleet=vehicles_from(vehicles),
    )
    if not world.buses:
        raise Refusal(
            t(
                "simulate.no_buses",
                network=network or network_size or NetworkSize.TOWN,
                start=start.isoformat(timespec="minutes"),
            )
        )
    written = write_recording(world, minutes=lasts_minutes, out=out, truth=truth)
    typer.echo(t("simulate.recorded", lines=written.recorded, out=out, buses=len(world.buses)), err=True)
    if truth is not None:
        typer.echo(t("simulate.truth_written", lines=written.truth, out=truth), err=True)


def _minutes(minutes: float | None, hours: float | None) -> float:
    """Take the length from whichever option says it."""
    if minutes is not None and hours is not None:
        raise Refusal(t("simulate.one_length"))
    return 60 * hours if hours is not None else minutes or DEFAULT_MINUTES


def _bundled(size: NetworkSize, seed: int) -> "Network":
    """Compile a bundled network in memory."""
    import tempfile

    from server.core.network import Network
    from server.gtfs.schedule import read_schedule

    with tempfile.TemporaryDirectory(prefix="ridebell-") as folder:
        feed = Path(folder) / "feed.zip"
        _bundle(size, feed, seed)
        return Network(read_schedule(feed).columns)


def _write_feed(size: NetworkSize, out: Path, seed: int) -> None:
    _bundle(size, out, seed)
    typer.echo(t("simulate.feed", out=out, megabytes=f"{out.stat().st_size / 1e6:.1f}"), err=True)


def _bundle(size: NetworkSize, out: Path, seed: int) -> None:
    from simulator.networks import province, town

    match size:
        case NetworkSize.TOWN:
            town.write_feed(out)
        case NetworkSize.PROVINCE:
            province.write_feed(out, seed=seed)


def _local_ms(start: datetime, network: "Network") -> int:
    from zoneinfo import ZoneInfo

    return round(start.replace(tzinfo=ZoneInfo(network.timezone)).timestamp() * 1000)
