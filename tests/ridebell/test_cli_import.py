"""`ridebell import` as people use it: what it prints, what it refuses, what it leaves behind."""

import ast
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ridebell.cli import run
from server.gtfs.compiled import load
from tests.server.gtfs.schedule_feeds import added, pack, replaced


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")


def test_a_good_feed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed, out = pack(tmp_path / "feed.zip", {}), tmp_path / "town.network"
    assert run(["import", str(feed), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "stop_times.txt │    6 │" in printed.out
    assert "1 routes, 2 patterns, 4 stops, 2 trips" in printed.out
    assert re.search(r"town\.network: 0\.0 MB, written in \d+\.\d s, at most [\d,]+ MiB of memory", printed.out)
    assert printed.out.endswith("No problems found.\n")
    assert load(out).trip_count == 2
    assert load(out).feed_hash in printed.out


def test_problems_are_listed_by_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = pack(tmp_path / "feed.zip", {**added("trips.txt", "Q,W,T3"), **added("stops.txt", "E,[b],마,95,127")})
    assert run(["import", str(feed), "--out", str(tmp_path / "n")]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "stops.txt:6: “95, 127” is not a place on earth; row left out",
        "trips.txt:4: route_id “Q” is not in the feed; row left out",
    ]


def test_of_many_problems_some_are_shown_and_all_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"Q,W,T{i}" for i in range(100, 350)]
    feed = pack(tmp_path / "feed.zip", {**added("trips.txt", *rows), **added("stops.txt", "E,,마,95,127")})
    assert run(["import", str(feed), "--out", str(tmp_path / "n"), "--problems", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-5:] == [
        "stops.txt:6: “95, 127” is not a place on earth; row left out",
        "trips.txt:4: route_id “Q” is not in the feed; row left out",
        "251 problems in all:",
        "       250  trips.txt  unknown_id",
        "         1  stops.txt  bad_place",
    ]


def test_korean_where_the_locale_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    feed = pack(tmp_path / "feed.zip", replaced("routes.txt", "R,11,3", "R,11,bus"))
    assert run(["import", str(feed), "--out", str(tmp_path / "n")]) == 0
    assert "routes.txt:2: route_type “bus”은(는) 정해진 값이 아닙니다" in capsys.readouterr().out
    assert run(["import", str(tmp_path / "none.zip"), "--out", str(tmp_path / "n")]) == 2
    assert "그런 파일이 없습니다" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"stop_times.txt": None}, "The feed has no stop_times.txt; it is not a complete GTFS Schedule feed."),
        ({"stops.txt": ""}, "stops.txt is empty; it is not a complete GTFS Schedule feed."),
        (replaced("stops.txt", "stop_lat", "lat"), "stops.txt:1: the column stop_lat is missing; GTFS requires it."),
        (replaced("trips.txt", "R,W", "Q,W"), "feed.zip has no trip that could be used; nothing was written."),
        (replaced("agency.txt", "Asia/Seoul", "KST+9"), "“KST+9” is not known; use a name such as Asia/Seoul."),
    ],
)
def test_a_bad_feed_ends_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str | bytes | None], sentence: str
) -> None:
    feed, out = pack(tmp_path / "feed.zip", files), tmp_path / "town.network"
    assert run(["import", str(feed), "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert sentence in printed.err
    assert sorted(tmp_path.iterdir()) == [feed]


def test_a_bad_feed_leaves_the_network_that_was_there(tmp_path: Path) -> None:
    out = tmp_path / "town.network"
    assert run(["import", str(pack(tmp_path / "feed.zip", {})), "--out", str(out)]) == 0
    before = out.read_bytes()
    (tmp_path / "feed.zip").write_bytes(b"not a zip")
    assert run(["import", str(tmp_path / "feed.zip"), "--out", str(out)]) == 2
    assert out.read_bytes() == before


def test_an_out_that_cannot_be_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = pack(tmp_path / "feed.zip", {})
    before = feed.read_bytes()
    for out in (tmp_path, tmp_path / "none" / "n", feed):
        assert run(["import", str(feed), "--out", str(out)]) == 2
        assert "--out" in capsys.readouterr().err
    assert feed.read_bytes() == before


def test_a_person_sees_a_bar_and_it_is_gone_at_the_end(tmp_path: Path) -> None:
    """On a real terminal; the bar goes to stderr, the table to stdout."""
    feed = pack(tmp_path / "feed.zip", {})
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "ridebell", "import", str(feed), "--out", str(tmp_path / "n")]
    env = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end, env=env) as process:
        os.close(end)
        shown = io.BytesIO()
        while chunk := _read(terminal):
            shown.write(chunk)
        assert process.stdout is not None
        table = process.stdout.read()
    os.close(terminal)
    assert process.returncode == 0
    assert b"Reading" in shown.getvalue()
    assert b"No problems found." in table


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other end was closed
        return b""


# -- the sentences -------------------------------------------------------------------------


def codes(root: Path) -> set[str]:
    """Every problem and error that the importer's source names, as keys of texts."""
    found = set()
    for file in (root / "server" / "gtfs").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            strings = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if name == "FeedError":
                found.add(f"import.error.{strings[0]}")
            elif name.endswith("problems.add"):
                found.update(f"import.problem.{s}" for s in strings if not s.endswith(".txt"))
    return (
        found
        | {"import.problem.bad_time", "import.problem.bad_kind"}
        | {f"import.problem.{code}" for code in ("stray_shape", "backward_shape")}
    )


def test_every_problem_and_error_has_a_sentence_in_both_languages(root: Path) -> None:
    texts = {
        lang: json.loads((root / "ridebell" / "texts" / f"{lang}.json").read_text(encoding="utf-8"))["texts"]
        for lang in ("en", "ko")
    }
    wanted = codes(root)
    assert len(wanted) > 35
    for lang, table in texts.items():
        told = {key for key in table if key.startswith(("import.error.", "import.problem."))}
        assert told == wanted, lang
    for key in texts["en"]:
        if key.startswith("import."):
            places = re.findall(r"\{(\w+)", texts["en"][key])
            assert sorted(places) == sorted(re.findall(r"\{(\w+)", texts["ko"][key])), key
