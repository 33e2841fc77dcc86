"""The film of a replay: chunks that stand for themselves, whatever happens between them."""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.core.policy import Policy
from server.protocol.recording import read_recording, write_lines
from server.protocol.replays import ReplayIndex
from server.replay import Replay, replay_under
from server.replays import film as filming
from server.replays.film import Film
from tests.server.replay_town import NETWORK, START_MS, drive, in_order, ring

Row = dict[str, Any]


def shoot(folder: Path, lines: list[Row]) -> ReplayIndex:
    """Replay lines and film them."""
    write_lines(folder / "day.jsonl", lines)
    replay: Replay = replay_under(NETWORK, Policy(), {}, None, trace=True, explain=True)
    film = Film(folder, NETWORK, policy="physical v1")
    for each in read_recording(folder / "day.jsonl", lenient=False, bad=[]):
        film_all(film, replay.pass_time(each.at_ms))
        film.recorded(each)
        film_all(film, replay.take(each))
    film_all(film, replay.end())
    return film.finish(late=replay.late, bad_lines=0)


def film_all(film: Film, decisions: Iterator[Row]) -> None:
    for decision in decisions:
        film.decided(decision)


def part(folder: Path, name: str) -> Any:
    return json.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))


def two_buses() -> list[Row]:
    later = drive("bus2", "T1", start_ms=START_MS + 60_000, stand_at=None)
    return in_order(
        drive(), later, [ring(START_MS + 20_000), ring(START_MS + 90_000, stop=4, rider="r2", bell_id="b-2")]
    )


def test_a_key_frame_is_what_all_rows_before_it_say(tmp_path: Path) -> None:
    index = shoot(tmp_path, two_buses())
    assert len(index.chunks) > 3
    vehicles: dict[str, Row] = {}
    bells: dict[str, Row] = {}
    alerts: dict[str, Row] = {}
    at_ms = index.from_ms
    for number, chunk in enumerate(index.chunks):
        body = part(tmp_path, f"chunk-{number:05}")
        assert body["from_ms"] == at_ms == chunk.from_ms
        assert body["key"] == {
            "vehicles": list(vehicles.values()),
            "bells": list(bells.values()),
            "alerts": list(alerts.values()),
        }
        for row in body["rows"]:
            assert chunk.from_ms <= row["at_ms"] < chunk.to_ms
            match row["type"]:
                case "fix":
                    vehicles[row["vehicle_id"]] = row
                case "bell" if row["state"] in {"served", "expired"}:
                    bells.pop(row["bell_id"], None)
                case "bell":
                    bells[row["bell_id"]] = row
                case "alert":
                    alerts[row["alert_id"]] = row
                case "clear":
                    alerts.pop(row["alert_id"], None)
                case _:
                    pass
        at_ms = chunk.to_ms
    assert set(vehicles) == {"bus", "bus2"}
    assert bells == alerts == {}


def test_a_busy_minute_is_cut_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filming, "CHUNK_ROWS", 20)
    index = shoot(tmp_path, two_buses())
    busy = [chunk for chunk in index.chunks if chunk.to_ms <= index.to_ms]
    assert all(chunk.rows <= 20 + 10 for chunk in busy)
    assert all(chunk.to_ms % 1000 == 0 for chunk in busy)


def test_the_story_has_what_people_ask_about_and_nobody_s_name(tmp_path: Path) -> None:
    index = shoot(tmp_path, two_buses())
    story = part(tmp_path, "story")
    kinds = {row["type"] for row in story["rows"]}
    assert kinds == {"ring", "bell", "alert", "clear", "choice", "telling"}
    assert index.counts["ring"] == 2
    everything = b"".join(gzip.decompress(path.read_bytes()) for path in tmp_path.glob("*.json.gz"))
    assert b'"rider"' not in everything
    assert b'"presence"' not in everything


def test_a_long_story_says_how_much_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filming, "STORY_MAX", 3)
    shoot(tmp_path, two_buses())
    story = part(tmp_path, "story")
    assert len(story["rows"]) == 3
    assert story["more"] > 5


def test_density_counts_everything_once(tmp_path: Path) -> None:
    lines = two_buses()
    index = shoot(tmp_path, lines)
    assert sum(index.density.fixes) == sum(line["type"] == "fix" for line in lines)
    assert sum(index.density.rings) == 2
    assert len(index.density.fixes) == (index.to_ms - index.from_ms) // index.density.bin_ms + 1


def test_a_fix_that_was_refused_shows_where_it_was(tmp_path: Path) -> None:
    lines = drive()[:10]
    lines.append(lines[-1] | {"at_ms": lines[-1]["at_ms"] + 1_000, "lat": 38.5})
    shoot(tmp_path, lines)
    rows = [row for n in range(1) for row in part(tmp_path, f"chunk-{n:05}")["rows"]]
    (refused,) = [row for row in rows if row["type"] == "fix_refused"]
    assert (refused["lat"], refused["reason"]) == (38.5, "fix_implausible")


def test_an_empty_recording_is_an_empty_film(tmp_path: Path) -> None:
    index = Film(tmp_path, NETWORK, policy="p").finish(late=0, bad_lines=2)
    assert (index.chunks[0].rows, index.bad_lines, index.counts) == (0, 2, {})


def test_of_a_great_fleet_not_every_fix_is_in_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filming, "FIXES_PER_S", 1)
    index = shoot(tmp_path, two_buses())
    rows = [row for n in range(len(index.chunks)) for row in part(tmp_path, f"chunk-{n:05}")["rows"]]
    seen_ms = [row["at_ms"] for row in rows if row["type"] == "fix" and row["vehicle_id"] == "bus2"]
    assert all(later - earlier >= 2_000 for earlier, later in itertools.pairwise(seen_ms))
    assert sum(index.density.fixes) > 1.5 * index.counts["fix"]
    assert {row["type"] for row in rows} >= {"bell", "alert", "choice", "telling"}
