"""`ridebell simulate` from the outside: what it writes, and how it says no."""

from pathlib import Path

import pytest

from ridebell.cli import run
from server.gtfs.compiled import save
from server.gtfs.schedule import Schedule


@pytest.fixture(scope="module")
def town_file(town_schedule: Schedule, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "town.network"
    save(town_schedule.columns, path, problems=0)
    return path


def test_writes_the_town(town_zip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "feed.zip"
    assert run(["simulate", "--network-size", "town", "--out", str(out)]) == 0
    assert out.read_bytes() == town_zip.read_bytes()
    assert str(out) in capsys.readouterr().err


def test_writes_a_recording_with_truth(town_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, truth = tmp_path / "r.jsonl", tmp_path / "t.jsonl"
    line = ["simulate", "--network", str(town_file), "--minutes", "1", "--seed", "3", "--faults"]
    assert run([*line, "--out", str(out), "--truth", str(truth)]) == 0
    assert out.stat().st_size > 100_000
    assert truth.stat().st_size > 100_000
    assert str(len(out.read_text(encoding="utf-8").splitlines())) in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--network-size", "town", "--network", "NETWORK"]])
def test_needs_one_of_feed_and_recording(
    arguments: list[str], town_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = [str(town_file) if word == "NETWORK" else word for word in arguments]
    assert run(["simulate", *line, "--out", str(tmp_path / "x")]) == 2
    assert "--network-size" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_day_without_buses_is_refused(town_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["simulate", "--network", str(town_file), "--start", "2019-05-01", "--out", str(tmp_path / "x.jsonl")]
    assert run(line) == 2
    error = capsys.readouterr().err
    assert "2019-05-01" in error
    assert "Traceback" not in error


def test_hours_and_urban_canyons(town_file: Path, tmp_path: Path) -> None:
    out, minutes = tmp_path / "h.jsonl", tmp_path / "m.jsonl"
    line = ["simulate", "--network", str(town_file), "--urban-canyon"]
    assert run([*line, "--hours", "0.02", "--out", str(out)]) == 0
    assert run([*line, "--minutes", "1.2", "--out", str(minutes)]) == 0
    assert out.read_bytes() == minutes.read_bytes()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--hours", "1", "--minutes", "60"], "--hours"),
        (["--urban-canyon", "--faults"], "--urban-canyon"),
        (["--urban-canyon", "--period", "10"], "--urban-canyon"),
    ],
)
def test_what_contradicts_itself_is_refused(
    words: list[str], named: str, town_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "--network", str(town_file), "--out", str(tmp_path / "x.jsonl"), *words]) == 2
    assert named in capsys.readouterr().err


def test_without_a_network_the_bundled_town_is_driven(town_file: Path, tmp_path: Path) -> None:
    written = []
    for name, words in (("plain", []), ("named", ["--network-size", "town"]), ("file", ["--network", str(town_file)])):
        out = tmp_path / f"{name}.jsonl"
        assert run(["simulate", "--hours", "0.01", "--seed", "4", *words, "--out", str(out)]) == 0
        written.append(out.read_bytes())
    assert written[0] == written[1] == written[2]
