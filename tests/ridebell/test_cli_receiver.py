"""`ridebell receiver` and the table of driver keys: bad input ends in one sentence that says what to do."""

from pathlib import Path

import pytest

from ridebell.cli import BAD_INPUT, run
from server.web.driver_keys import SHIPPED, BadKeysError, read_keys


@pytest.mark.parametrize(("source", "told"), [("ftp://x", "write gpsd://HOST"), ("/no/such/file", "/no/such/file: ")])
def test_a_source_that_is_none_is_told_in_one_sentence(
    source: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["receiver", source, "--origin", "http://127.0.0.1:8080", "--port", "0"]) == BAD_INPUT
    error = capsys.readouterr().err.strip()
    assert told in error
    assert "\n" not in error


def test_the_shipped_keys_answer_all_there_is_to_answer() -> None:
    assert set(read_keys(None).keys.values()) == {"ok", "full", "cannot_stop", "other"}
    assert read_keys(SHIPPED) == read_keys(None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"schema": 1, "keys": {"F5": "honk"}}', "is not a table of keys"),
        ('{"schema": 2, "keys": {"F5": "ok"}}', "is not a table of keys"),
        ('{"schema": 1, "keys": {}}', "write 1 to 64"),
        ("no json", "see driver_terminal/web/keys.json"),
    ],
)
def test_a_bad_table_of_keys_does_not_start_a_server(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadKeysError, match=told):
        read_keys(path)
    arguments = ["serve", "--network", "none", "--data", str(tmp_path), "--driver-keys", str(path)]
    assert run(arguments) == BAD_INPUT
    assert told in capsys.readouterr().err


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadKeysError, match="cannot be read: No such file"):
        read_keys(tmp_path / "none.json")
