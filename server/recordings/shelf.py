"""A folder of recordings: what is there, what is known of each, what may go. No clock; all calls may block on the disk.

Beside each recording that this server wrote lies a card (`NAME.card.json`). A file without one was put there by somebody
(`ridebell simulate --out FOLDER/run.jsonl.zst`) and is read as it is.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from server.protocol.recording import RecordingError, read_lines
from server.recordings.spool import mend

SUFFIXES = (".jsonl.zst", ".jsonl")
CARD = ".card.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
"""What a recording may be called: safe in an address and in a folder, and never hidden."""

DECISIONS = frozenset(
    {"bell", "ride", "alert", "clear", "refused", "stop_visit", "position", "fix_refused", "prediction"}
)
"""Lines with which a decisions file may begin; none of them is in a recording."""
UNREADABLE = (RecordingError, OSError, msgspec.MsgspecError, UnicodeDecodeError)

Kind = Literal["live", "rolling", "given"]
State = Literal["recording", "complete", "interrupted"]


class Card(msgspec.Struct, kw_only=True):
    """What is known of a recording beside its lines. Unknown figures are null; they are counted by whoever reads it.

    `holds` "decisions": what some version decided about a recording, to be looked at beside it.
    """

    schema: Literal[1] = 1
    name: str
    holds: Literal["recording", "decisions"] = "recording"
    kind: Kind = "given"
    state: State = "complete"
    why_ended: str | None = None
    begun_ms: int | None = None
    ended_ms: int | None = None
    lines: int | None = None
    stored_bytes: int = 0
    network_version: str = ""
    feed_hash: str = ""
    policy: str = ""


class Shelf:
    """The recordings of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def all(self) -> Sequence[Card]:
        """Every recording, the latest first."""
        cards = [self._card(path) for path in self.folder.iterdir() if _name_of(path) is not None and path.is_file()]
        return sorted(cards, key=lambda card: (card.begun_ms or 0, card.name), reverse=True)

    def find(self, name: str) -> Card | None:
        """What is known of one recording."""
        path = self.path_of(name)
        return None if path is None else self._card(path)

    def path_of(self, name: str) -> Path | None:
        """Where a recording lies; None where there is none of this name, or it could not be one."""
        if NAME.fullmatch(name) is None:
            return None
        for suffix in SUFFIXES:
            path = self.folder / f"{name}{suffix}"
            if path.is_file():
                return path
        return None

    def place_for(self, name: str) -> Path:
        """Where a new recording of this name goes; a number is added to a name that is taken."""
        free, number = name, 1
        while self.path_of(free) is not None:
            number += 1
            free = f"{name}-{number}"
        return self.folder / f"{free}{SUFFIXES[0]}"

    def keep(self, card: Card) -> None:
        """Write a recording's card: whole or not at all."""
        place = self.folder / f"{card.name}{CARD}"
        part = place.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(card))
        part.replace(place)

    def remove(self, name: str) -> bool:
        """Delete a recording and its card; False where there is none."""
        path = self.path_of(name)
        if path is None:
            return False
        path.unlink(missing_ok=True)
        (self.folder / f"{name}{CARD}").unlink(missing_ok=True)
        return True

    def recover(self) -> None:
        """After a crash: what was being recorded then was interrupted; half a frame at its end is cut off."""
        for card in self.all():
            path = self.path_of(card.name)
            if card.state == "recording" and path is not None:
                mend(path)
                card.state, card.why_ended = "interrupted", "the server ended"
                self.keep(card)

    def forget(self, *, before_ms: int, max_bytes: int) -> Sequence[str]:
        """Delete rolling recordings that ended before an instant, and then the oldest while there are too many bytes."""
        gone: list[str] = []
        cards = [card for card in self.all() if card.state != "recording"]
        kept_bytes = sum(card.stored_bytes for card in cards)
        for card in reversed(cards):
            old = (card.ended_ms or card.begun_ms or 0) < before_ms
            if card.kind == "rolling" and (old or kept_bytes > max_bytes):
                self.remove(card.name)
                kept_bytes -= card.stored_bytes
                gone.append(card.name)
        return gone

    def _card(self, path: Path) -> Card:
        name = _name_of(path) or path.name
        stat = path.stat()
        try:
            card = msgspec.json.decode((self.folder / f"{name}{CARD}").read_bytes(), type=Card)
        except (OSError, msgspec.MsgspecError):
            first = _first(path)
            card = Card(
                name=name,
                holds="decisions" if first is not None and first.type in DECISIONS else "recording",
                begun_ms=None if first is None else first.at_ms,
                ended_ms=round(stat.st_mtime * 1000),
            )
        card.stored_bytes = stat.st_size
        return card


class _Opening(msgspec.Struct):
    """What every line of a recording and of a decisions file says."""

    at_ms: int
    type: str


def opens_well(path: Path) -> str | None:
    """Why a file is neither a recording nor decisions, by its first line; None when it is one."""
    try:
        first = next(read_lines(path), None)
        if first is None:
            return "the file holds no line"
        msgspec.json.decode(first[1], type=_Opening)
    except UNREADABLE as error:
        return str(error).replace(str(path), path.name.removeprefix("."))
    return None


def _first(path: Path) -> _Opening | None:
    """The first line; None of a file that cannot be read, or is empty."""
    try:
        return next((msgspec.json.decode(raw, type=_Opening) for _, raw in read_lines(path)), None)
    except UNREADABLE:
        return None


def _name_of(path: Path) -> str | None:
    """The recording's name, where the file is one."""
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            name = path.name.removesuffix(suffix)
            return name if NAME.fullmatch(name) else None
    return None
