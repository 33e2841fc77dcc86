"""`ridebell import`, `replay` and `score` one after the other on a small feed, as an operator would."""

import json
import zipfile
from pathlib import Path

import pytest

from ridebell.cli import run
from server.presets import policy_names
from server.protocol.recording import write_lines
from tests.server.replay_town import LAT0, START_MS, STOPS, drive, in_order, lon, ring

SPACING_M = 500.0


def write_feed(path: Path) -> None:
    """The town of `replay_town` as a GTFS feed."""
    stops = "".join(f"S{i},정류장 {i},{LAT0},{lon(i * SPACING_M)}\n" for i in range(STOPS))
    calls = "".join(
        f"T{n},10:{n * 10 + i:02}:{i * 2:02},10:{n * 10 + i:02}:{i * 2:02},S{i},{i + 1}\n"
        for n in range(3)
        for i in range(STOPS)
    )
    tables = {
        "agency": "agency_id,agency_name,agency_url,agency_timezone\nA,마을버스,https://bus.example,Asia/Seoul\n",
        "stops": "stop_id,stop_name,stop_lat,stop_lon\n" + stops,
        "routes": "route_id,agency_id,route_short_name,route_type\n7,A,7,3\n",
        "trips": "trip_id,route_id,service_id,direction_id,trip_headsign\n"
        + "".join(f"T{n},7,daily,0,끝\n" for n in range(3)),
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "daily,1,1,1,1,1,1,1,20260101,20271231\n",
        "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + calls,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in tables.items():
            archive.writestr(f"{name}.txt", content)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with a network and a recording."""
    monkeypatch.chdir(tmp_path)
    write_feed(tmp_path / "feed.zip")
    assert run(["import", "feed.zip", "--out", "town.network"]) == 0
    capsys.readouterr()
    write_lines(tmp_path / "day.jsonl", in_order(drive(), [ring(START_MS + 20_000)]))
    return tmp_path


def test_the_whole_way(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["replay", "--network", "town.network", "day.jsonl", "--trace", "--out"]
    assert run([*command, "one.jsonl"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "bell 4" in err
    assert run([*command, "two.jsonl"]) == 0
    assert (folder / "one.jsonl").read_bytes() == (folder / "two.jsonl").read_bytes()
    capsys.readouterr()
    assert run(["score", "one.jsonl", "two.jsonl", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["position"]["recall"], found["stop_visit"]["recall"], found["bell"]["end_agreement"]) == (1, 1, 1)
    assert run(["score", "one.jsonl", "two.jsonl"]) == 0
    assert "100.00%" in capsys.readouterr().out


def test_predictions_are_written_and_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replay = ["replay", "--network", "town.network", "day.jsonl", "--predict", "20", "--out"]
    assert run([*replay, "one.jsonl"]) == 0
    assert run([*replay, "two.jsonl"]) == 0
    assert (folder / "one.jsonl").read_bytes() == (folder / "two.jsonl").read_bytes()
    assert "prediction" in capsys.readouterr().err
    assert run(["score", "one.jsonl", "two.jsonl", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["prediction"]
    assert found["judged"] > 20
    assert found["stops_1"]["mae_s"] < 30
    assert run(["score", "one.jsonl", "two.jsonl"]) == 0
    assert "stops_10" in capsys.readouterr().out


def test_paced_and_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "--network", "town.network", "day.jsonl", "--out", "-", "--speed", "100000"]) == 0
    states = [line["state"] for line in map(json.loads, capsys.readouterr().out.splitlines()) if line["type"] == "bell"]
    assert states == ["waiting", "assigned", "arrived", "served"]


def test_a_bad_line_stops_a_replay_and_leaves_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "day.jsonl").open("a") as recording:
        recording.write('{"at_ms": 1, "type": "teleport"}\n')
    before = sorted(folder.iterdir())
    command = ["replay", "--network", "town.network", "day.jsonl", "--out", "decisions.jsonl"]
    assert run(command) == 2
    err = capsys.readouterr().err
    assert err.startswith("day.jsonl:")
    assert err.count("\n") == 1
    assert sorted(folder.iterdir()) == before
    assert run([*command, "--lenient"]) == 0
    assert "1 lines were skipped" in capsys.readouterr().err


def test_vehicles_and_policies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = {
        "schema": 1,
        "vehicles": [{"vehicle_id": "bus", "plate": "경기70바1234", "low_floor": True, "seats": 40}],
    }
    (folder / "vehicles.json").write_text(json.dumps(registry))
    (folder / "own.json").write_text('{"schema": 1, "name": "own", "presence_required": false}')
    command = ["replay", "--network", "town.network", "day.jsonl", "--out", "d.jsonl"]
    for policy in ("physical", "previous-stop", "second-previous-stop", "3-min", "own.json"):
        assert run([*command, "--vehicles", "vehicles.json", "--policy", policy]) == 0
    lines = [json.loads(line) for line in (folder / "d.jsonl").read_text().splitlines()]
    assert {line["plate"] for line in lines if "plate" in line} == {"경기70바1234"}


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("--vehicles", None, "missing.json"),
        ("--vehicles", "[]", "not a vehicles file"),
        ("--vehicles", '{"schema": 1, "vehicles": [{"vehicle_id": "a"}, {"vehicle_id": "a"}]}', "twice"),
        ("--policy", None, "missing.json"),
        ("--policy", '{"schema": 1, "zone_metres": 3}', "zone_metres"),
    ],
)
def test_files_that_cannot_be_used(
    folder: Path, capsys: pytest.CaptureFixture[str], option: str, content: str | None, says: str
) -> None:
    if content is not None:
        (folder / "given.json").write_text(content)
    given = "given.json" if content is not None else "missing.json"
    assert run(["replay", "--network", "town.network", "day.jsonl", "--out", "d.jsonl", option, given]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_an_unknown_policy_names_the_known_ones(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "--network", "town.network", "day.jsonl", "--out", "d.jsonl", "--policy", "strict"]) == 2
    assert ", ".join(policy_names()) in capsys.readouterr().err


def test_the_doctor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data").mkdir(mode=0o700)
    assert run(["doctor", "--data", "data", "--network", "town.network"]) == 0
    page = capsys.readouterr().out
    assert "1 routes, 6 stops, 3 trips" in page
    assert "All is well" in page
    assert run(["doctor", "--data", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().out
    assert run(["doctor", "--network", "day.jsonl"]) == 1
    assert "→" in capsys.readouterr().out
