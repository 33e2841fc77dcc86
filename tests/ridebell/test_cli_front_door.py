"""The command line answers quickly, in the reader's language, and says no in one sentence with exit status 2."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from ridebell.cli import COMMANDS, load, run
from ridebell.texts import t


def ridebell(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The real program, in a language and a width of our own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "RIDEBELL", "COV"))}
    return subprocess.run(
        [sys.executable, "-m", "ridebell", *args],
        capture_output=True,
        text=True,
        check=False,
        env=clean | {"COLUMNS": "100", "LANG": "C.UTF-8"} | env,
    )


def test_help_names_every_command_and_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    for name in COMMANDS:
        assert f" {name} " in page
    assert "make demo" in page or "ridebell demo" in page


def test_nothing_asked_is_help() -> None:
    assert run([]) == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    page = capsys.readouterr().out
    assert f"ridebell {name}" in page
    assert "Example" in page or "예:" in page
    assert load(name).help


@pytest.mark.parametrize(("language", "word"), [("ko_KR.UTF-8", "사용법"), ("en_US.UTF-8", "Usage"), ("C", "Usage")])
def test_the_language_of_the_locale(language: str, word: str) -> None:
    assert word in ridebell("--help", LANG=language).stdout
    assert word in ridebell("token", "--help", LC_ALL=language).stdout


def test_both_languages_have_the_same_texts_and_places() -> None:
    texts = {
        lang: json.loads(files("ridebell.texts").joinpath(f"{lang}.json").read_text(encoding="utf-8"))["texts"]
        for lang in ("en", "ko")
    }
    assert texts["en"].keys() == texts["ko"].keys()
    for key, english in texts["en"].items():
        places = {part.split("}")[0] for part in english.replace("{{", "").split("{")[1:]}
        korean = {part.split("}")[0] for part in texts["ko"][key].replace("{{", "").split("{")[1:]}
        assert places == korean, key


def test_an_unknown_text_is_a_defect() -> None:
    with pytest.raises(KeyError):
        t("no.such.text")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["tokn"], "token"),
        (["--loud"], "--loud"),
        (["token"], "--data"),
        (["token", "--data"], "--data"),
        (["token", "--data", "d", "--ttl", "soon"], "--ttl"),
        (["token", "--data", "d", "--role", "king"], "--role"),
        (["serve", "--network", "n", "--data", "d", "--port", "70000"], "--port"),
        (["replay", "--network", "n", "r", "--out", "o", "--speed", "0"], "--speed"),
        (["replay", "--network", "missing.network", "r", "--out", "o"], "missing.network"),
        (["score", "missing.jsonl", "missing.jsonl"], "missing.jsonl"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    args: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_is_130_without_a_traceback() -> None:
    program = (
        "import sys, ridebell.cli, ridebell.score_command as s\n"
        "from typing import Annotated\n"
        "def score() -> None: raise KeyboardInterrupt\n"
        "s.score = score\n"
        "sys.argv = ['ridebell', 'score']\n"
        "ridebell.cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args", [["--help"], ["token", "--role", "rider", "--subject", "s", "--data", "DIR"], ["--version"]]
)
def test_starting_is_light(args: list[str], tmp_path: Path) -> None:
    """What must answer at once loads no arrays, no web framework, no geometry."""
    args = [str(tmp_path / "data") if a == "DIR" else a for a in args]
    program = (
        "import sys, ridebell.cli\n"
        f"assert ridebell.cli.run({args!r}) == 0\n"
        "heavy = {'numpy', 'fastapi', 'shapely', 'uvicorn', 'asyncio', 'google.protobuf'} & set(sys.modules)\n"
        "heavy -= {'asyncio'} if 'jwt' in sys.modules else set()\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_version() -> None:
    done = ridebell("--version")
    assert done.stdout.startswith("ridebell 0.")
