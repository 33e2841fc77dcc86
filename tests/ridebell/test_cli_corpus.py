"""`ridebell corpus` as somebody who adds a case would use it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ridebell.cli import run

NAME = "090-too-far-from-the-stop"


@pytest.fixture
def case(tmp_path: Path, root: Path) -> Path:
    """A corpus of one case that may be changed."""
    corpus = tmp_path / "corpus"
    shutil.copytree(root / "tests" / "scenarios" / "networks", corpus / "networks")
    shutil.copytree(root / "tests" / "scenarios" / NAME, corpus / NAME)
    return corpus / NAME


def test_the_table(case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["corpus", str(case.parent)]) == 0
    out = capsys.readouterr().out
    assert "A rider 300 m from the stop is told to come nearer." in out
    assert "1 ok, 0 failed, 0 not applicable." in out
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert run(["corpus", str(case), "--only", "090"]) == 0
    assert "정류장에서 300 m 떨어진 사람의 벨은 받지 않는다." in capsys.readouterr().out


def test_a_case_that_does_not_come_out(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (case / "expected.jsonl").write_text('{"type": "bell", "state": "assigned"}\n')
    assert run(["corpus", str(case.parent), "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["number"], verdict["name"], verdict["result"]) == ("090", NAME, "failed")
    assert verdict["why"] == [f"{case}/expected.jsonl:1: nothing like bell (state assigned); no bell comes"]


def test_an_answer_to_an_alert_that_never_came(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (case / "events.jsonl").read_text().splitlines()
    at_ms = json.loads(lines[-1])["at_ms"]
    shown = {"at_ms": at_ms, "type": "shown", "vehicle_id": "A", "alert_id": "@5"}
    (case / "events.jsonl").write_text("\n".join([*lines, json.dumps(shown)]) + "\n")
    assert run(["corpus", str(case), "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict["why"] == [
        f"{NAME}/events.jsonl, at_ms {at_ms}: A has had no alert for stop_sequence 5 that it could answer"
    ]


def spoil(name: str, content: str) -> Callable[[Path], None]:
    def change(case: Path) -> None:
        (case / name).write_text(content, "utf-8")

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda case: (case / name).unlink()


def twice(case: Path) -> None:
    shutil.copytree(case, case.with_name("090-the-same-number"))


def own_network_beside_a_named_one(case: Path) -> None:
    shutil.copytree(case.parent / "networks" / "street", case / "network")


def bad_feed(case: Path) -> None:
    (case.parent / "networks" / "street" / "stops.txt").write_text("stop_id\nE1\n")


def problem_in_the_feed(case: Path) -> None:
    with (case.parent / "networks" / "street" / "stop_times.txt").open("a") as table:
        table.write("E-1000,10:99:00,10:99:00,E1,99,0\n")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove("title.txt"), "title.txt is missing"),
        (remove("events.jsonl"), "events.jsonl is missing"),
        (spoil("title.txt", "one\ntwo\nthree\n"), "give one sentence"),
        (remove("network.txt"), "network.txt with the name of a shared one"),
        (spoil("network.txt", "atlantis\n"), "atlantis: there is no feed"),
        (spoil("events.jsonl", "\n"), "events.jsonl: nothing happens"),
        (spoil("events.jsonl", "{}\n"), "events.jsonl:1: not an event"),
        (spoil("expected.jsonl", '{"type": "bel"}\n'), "expected.jsonl:1: a pattern needs a `type`"),
        (spoil("policy.txt", "strictest\n"), "no policy named 'strictest'"),
        (spoil("vehicles.json", "[]"), "not a vehicles file"),
        (twice, "two scenarios have the number 090"),
        (own_network_beside_a_named_one, "either network/"),
        (bad_feed, "the feed cannot be used: missing_column"),
        (problem_in_the_feed, "stop_times.txt:"),
    ],
)
def test_a_folder_that_is_no_case(
    case: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], None], says: str
) -> None:
    change(case)
    assert run(["corpus", str(case.parent)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_what_is_not_there(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", str(case.parent), "--only", "777"]) == 2
    assert "there is no scenario 777" in capsys.readouterr().err
    assert run(["corpus", str(case.parent / "networks")]) == 2
    assert "there is no scenario" in capsys.readouterr().err
    assert run(["corpus", str(case.parent / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert run(["corpus", str(case), "--serve", "--against", "ws://127.0.0.1:1"]) == 2
    assert "not both" in capsys.readouterr().err


def test_a_case_may_bring_its_own_network(case: Path) -> None:
    (case / "network.txt").unlink()
    own_network_beside_a_named_one(case)
    assert run(["corpus", str(case)]) == 0


def test_nobody_answers(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["corpus", str(case), "--against", "ws://127.0.0.1:9"]) == 2
    assert "cannot be reached" in capsys.readouterr().err
