"""What is learned of a network's days, as one record that can be stored and read back. Level 2 of the core; pure.

The bytes begin with a line that names the format and its version, so that another program's file, an older or a newer
version, and a cut-off file are told apart from ours by a sentence and never by a wrong prediction.
"""

import math

import msgspec

from server.core.calibration import HORIZONS_S, Classes, Quantiles
from server.core.running_times import MAX_LINKS, PARTS_OF_DAY, Link, Running

HEADER = b"ridebell learned 1\n"
"""Name and version of the format. A change of meaning of any figure is a new version."""
MAX_ROWS = MAX_LINKS
"""Rows of each kind that are read back at most: more cannot have been written."""


class Learned(msgspec.Struct):
    """Running times and the errors of predictions."""

    running: Running = msgspec.field(default_factory=Running)
    errors: Classes = msgspec.field(default_factory=dict)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Learned).decode


def to_bytes(learned: Learned) -> bytes:
    """Write down all that was learned; the same state gives the same bytes."""
    return HEADER + _encode(learned)


def from_bytes(data: bytes) -> Learned | str:
    """Read it back; a sentence that says what is wrong where it is not ours, of another version, or damaged."""
    if not data.startswith(HEADER):
        first = data.split(b"\n", 1)[0][:40].decode("ascii", "replace")
        return f"it begins with {first!r} and not with {HEADER.decode().strip()!r}"
    try:
        learned = _decode(data[len(HEADER) :])
    except msgspec.MsgspecError as error:
        return f"its contents cannot be read ({error})"
    wrong = _wrong(learned)
    return learned if wrong is None else wrong


def _wrong(learned: Learned) -> str | None:
    """What figures no run of ours can have written."""
    running = learned.running
    kinds = (running.links, running.stands, running.departures, running.paces, learned.errors)
    if any(len(kind) > MAX_ROWS for kind in kinds):
        return f"it has more than {MAX_ROWS} rows of a kind"
    for key, link in running.links.items():
        if not _sound_link(link):
            return f"the times of link {key!r} make no sense"
    for key, stand in (running.stands | running.departures).items():
        if not _sound(stand.seen, stand.mean_s):
            return f"the stand at stop {key!r} makes no sense"
    for key, pace in running.paces.items():
        if not _sound(pace.took_s, pace.planned_s):
            return f"the pace of {key!r} makes no sense"
    for key, classes in learned.errors.items():
        if len(classes) != len(HORIZONS_S) + 1 or not all(map(_sound_quantiles, classes)):
            return f"the errors of route {key!r} make no sense"
    return None


def _sound(*figures: float) -> bool:
    return all(math.isfinite(figure) and figure >= 0.0 for figure in figures)


def _sound_link(link: Link) -> bool:
    return len(link.parts) == 2 * PARTS_OF_DAY and _sound(
        link.seen, link.mean_s, link.recent, link.recent_s, *link.parts
    )


def _sound_quantiles(quantiles: Quantiles) -> bool:
    row = (quantiles.low, quantiles.middle, quantiles.high)
    return all(map(math.isfinite, row)) and row == tuple(sorted(row)) and _sound(quantiles.seen)
