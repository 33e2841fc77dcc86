"""The shelf of recordings: what is found, what may be named, what goes when."""

from pathlib import Path

import pytest

from server.protocol.recording import write_lines
from server.recordings.shelf import Card, Shelf, opens_well

DAY_MS = 86_400_000


def put(shelf: Shelf, name: str, **more: object) -> Card:
    """A recording of one fix, with a card unless it was given."""
    fix = {"at_ms": 1_000, "type": "fix", "vehicle_id": "v", "lat": 37.0, "lon": 127.0}
    write_lines(shelf.folder / f"{name}.jsonl.zst", [fix])
    card = Card(name=name, **more)  # type: ignore[arg-type]
    if card.kind != "given":
        shelf.keep(card)
    return card


def names(shelf: Shelf) -> list[str]:
    return [card.name for card in shelf.all()]


def test_what_is_there_the_latest_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "recordings")
    put(shelf, "old", kind="live", begun_ms=5_000)
    put(shelf, "new", kind="live", begun_ms=9_000)
    put(shelf, "given")
    (shelf.folder / "notes.txt").write_text("not a recording")
    (shelf.folder / ".hidden.jsonl").write_text("{}")
    assert names(shelf) == ["new", "old", "given"]
    given = shelf.find("given")
    assert given is not None
    assert (given.begun_ms, given.kind, given.stored_bytes > 0) == (1_000, "given", True)


@pytest.mark.parametrize("name", ["", ".x", "../old", "a/b", "x" * 100, "old\n", "%2e"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    shelf = Shelf(tmp_path / "recordings")
    put(shelf, "old", kind="live")
    assert shelf.path_of(name) is None
    assert shelf.find(name) is None
    assert not shelf.remove(name)


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    put(shelf, "day", kind="live")
    put(shelf, "day-2", kind="live")
    assert shelf.place_for("day").name == "day-3.jsonl.zst"


def test_after_a_crash_what_was_recorded_is_interrupted(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    put(shelf, "a", kind="rolling", state="recording")
    put(shelf, "b", kind="live", state="complete")
    shelf.recover()
    found = {card.name: (card.state, card.why_ended) for card in shelf.all()}
    assert found == {"a": ("interrupted", "the server ended"), "b": ("complete", None)}


def test_only_old_rolling_recordings_go(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for n in range(4):
        put(shelf, f"day-{n}", kind="rolling", begun_ms=n * DAY_MS, ended_ms=(n + 1) * DAY_MS)
    put(shelf, "kept", kind="live", begun_ms=0, ended_ms=1)
    put(shelf, "now", kind="rolling", state="recording", begun_ms=0)
    assert shelf.forget(before_ms=2 * DAY_MS, max_bytes=1 << 30) == ["day-0"]
    room = sum(card.stored_bytes for card in shelf.all() if card.state != "recording") - 1
    assert shelf.forget(before_ms=0, max_bytes=room) == ["day-1"]
    assert set(names(shelf)) == {"day-2", "day-3", "kept", "now"}


def test_a_damaged_card_is_as_none(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    put(shelf, "a", kind="live", begun_ms=7)
    (tmp_path / "a.card.json").write_text("{")
    card = shelf.find("a")
    assert card is not None
    assert (card.kind, card.begun_ms) == ("given", 1_000)
    (tmp_path / "b.jsonl.zst").write_bytes(b"no zstd")
    assert {each.name: each.begun_ms for each in shelf.all()} == {"a": 1_000, "b": None}


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no line"), (b"{}\n", "at_ms"), (b"\xff\xfe\n", "malformed"), (b"[1]\n", "object")],
)
def test_what_is_no_recording(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    wrong = opens_well(tmp_path / "x.jsonl")
    assert wrong is not None
    assert says in wrong
    assert str(tmp_path) not in wrong
