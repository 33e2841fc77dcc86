"""`ridebell replay`: a recording through the same engine, decisions to a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ridebell.inputs import beacons_from, network_from, policy_from, vehicles_from
from ridebell.refusal import Refusal
from ridebell.texts import t

if TYPE_CHECKING:
    from server.protocol.recording import RecordedLine
    from server.replay import Replay

AS_FAST_AS_POSSIBLE = "max"


def replay(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help=t("replay.recording"))],
    network: Annotated[Path, typer.Option(metavar="NETWORK", help=t("replay.network"))],
    out: Annotated[Path, typer.Option(metavar="DECISIONS", help=t("replay.out"))],
    speed: Annotated[str, typer.Option(metavar="max|N", help=t("replay.speed"))] = AS_FAST_AS_POSSIBLE,
    trace: Annotated[bool, typer.Option("--trace", help=t("replay.trace"))] = False,
    explain: Annotated[bool, typer.Option("--explain", help=t("replay.explain"))] = False,
    predict: Annotated[int | None, typer.Option(metavar="N", min=1, help=t("replay.predict"))] = None,
    lenient: Annotated[bool, typer.Option("--lenient", help=t("replay.lenient"))] = False,
    policy: Annotated[str, typer.Option(metavar="NAME|FILE", help=t("serve.policy"))] = "physical",
    vehicles: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.vehicles"))] = None,
    beacons: Annotated[Path | None, typer.Option(metavar="FILE", help=t("serve.beacons"))] = None,
) -> None:
    """Feed a recording through the engine and write what was decided."""
    from server.protocol.recording import RecordingError, opening_of, read_recording, write_lines
    from server.replay import replay_under

    pace = _speed(speed)
    loaded, registry = network_from(network), vehicles_from(vehicles)
    rules = policy_from(policy)
    bad: list[str] = []
    try:
        run = replay_under(
            loaded,
            rules,
            registry,
            opening_of(recording),
            trace=trace,
            explain=explain,
            predict_s=predict,
            beacons=beacons_from(beacons),
        )
        lines = _paced(read_recording(recording, lenient=lenient, bad=bad), pace)
        write_lines(out, run.run(lines))
    except RecordingError as error:
        raise Refusal(str(error)) from error
    _report(run, bad, out)


def _speed(text: str) -> float | None:
    if text == AS_FAST_AS_POSSIBLE:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < float("inf"):
        raise Refusal(t("replay.bad_speed", speed=text))
    return speed


def _paced(lines: "Iterator[RecordedLine]", speed: float | None) -> "Iterator[RecordedLine]":
    if speed is None:
        return lines
    import time

    from server.replay import paced

    return paced(lines, speed=speed, monotonic_s=time.monotonic, sleep_s=time.sleep)


def _report(run: "Replay", bad: list[str], out: Path) -> None:
    read = ", ".join(f"{name} {count}" for name, count in sorted(run.read.items()))
    written = ", ".join(f"{name} {count}" for name, count in sorted(run.written.items()))
    typer.echo(t("replay.done", read=read or "0", written=written or "0", out=out), err=True)
    if run.late:
        typer.echo(t("replay.late", count=run.late), err=True)
    if bad:
        typer.echo(t("replay.skipped", count=len(bad), first=bad[0]), err=True)
