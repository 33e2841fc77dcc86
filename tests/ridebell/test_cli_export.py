"""`ridebell export` on a data directory: alone, beside a running server, and where there is nothing to read."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from server.backends.embedded import open_embedded
from server.gtfs.compiled import save
from tests.server.web.ops_day import T0, ordinary_hour
from tests.server.web.web_world import street

WINDOW = ["--from", "2026-11-20", "--to", "2026-11-20T23:00:00+09:00"]


def export(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "ridebell", "export", *map(str, words)], capture_output=True, check=False
    )


@pytest.fixture
async def place(tmp_path: Path) -> list[str]:
    backend = await open_embedded(tmp_path / "data")
    await ordinary_hour(backend.journal)
    await backend.aclose()
    save(street()._columns, tmp_path / "street.network", problems=0)
    return ["--data", str(tmp_path / "data"), "--network", str(tmp_path / "street.network")]


async def test_a_table_goes_to_a_file_byte_for_byte(place: list[str], tmp_path: Path) -> None:
    done = export("bells.csv", *place, *WINDOW, "--out", tmp_path / "bells.csv")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "bells.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfbell,kind,")
    assert text.count(b"\r\n") == text.count(b"\n") == 8
    again = export("bells.csv", *place, *WINDOW)
    assert again.stdout == text
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["ridebell.lock", "ridebell.sqlite3"]


async def test_a_map_of_pass_bys_and_one_stop_alone(place: list[str]) -> None:
    found = json.loads(export("passbys.geojson", *place, *WINDOW).stdout)
    assert [feature["properties"]["stop_id"] for feature in found["features"]] == ["S3"]
    rows = list(
        csv.reader(export("stops.csv", *place, *WINDOW, "--stop", "S4").stdout.decode("utf-8-sig").splitlines())
    )
    assert [row[0] for row in rows] == ["group", "S4"]


async def test_it_reads_beside_a_running_server(place: list[str]) -> None:
    backend = await open_embedded(Path(place[1]))
    done = export("hours.csv", *place, *WINDOW)
    await backend.aclose()
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().count("\n") == 2


async def test_bad_input_is_one_sentence(place: list[str], tmp_path: Path) -> None:
    for words, said in (
        (["riders.csv", *place], "riders.csv"),
        (["bells.csv", *place, "--from", "yesterday"], "yesterday"),
        (["bells.csv", *place, "--from", "2026-11-21", "--to", "2026-11-20"], "--from"),
        (["bells.csv", "--data", str(tmp_path), *place[2:]], "ridebell serve --data"),
    ):
        done = export(*words)
        assert done.returncode == 2
        assert said in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()


def test_the_hour_lies_in_the_window() -> None:
    assert 1_795_100_400_000 < T0 < 1_795_183_200_000
