import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from server.backends.embedded import Finding, Severity, check_data_dir, doctor as doctor_module, open_embedded
from server.backends.embedded.doctor import judge_commit_time
from server.backends.embedded.schema import FILE_NAME, SCHEMA_VERSION


def findings_of(place: Path) -> dict[str, Finding]:
    return {finding.check: finding for finding in check_data_dir(place)}


@pytest.fixture
async def place(tmp_path: Path) -> Path:
    data_dir = tmp_path / "data"
    await (await open_embedded(data_dir)).aclose()
    return data_dir


def test_a_healthy_directory_has_no_fault_and_nothing_is_left_behind(place: Path) -> None:
    before = sorted(place.iterdir())
    found = findings_of(place)
    assert set(found) == {
        "permissions", "disk_space", "owner", "schema", "wal", "integrity", "commit_time"
    }  # fmt: skip
    # How fast this machine's disk flushes and how full it is are not ours to assert.
    healthy = set(found) - {"commit_time", "disk_space"}
    assert {found[check].severity for check in healthy} == {Severity.OK}
    assert found["owner"].text == "no server is using it"
    assert "a commit takes" in found["commit_time"].text
    assert sorted(place.iterdir()) == before


async def test_it_may_look_while_a_server_runs(place: Path) -> None:
    backend = await open_embedded(place)
    found = findings_of(place)
    assert found["owner"].text.startswith("in use by process")
    assert found["integrity"].severity is Severity.OK
    await backend.aclose()


def test_an_empty_directory_is_fine(tmp_path: Path) -> None:
    assert findings_of(tmp_path)["journal"].text == "none yet; the first start makes it"


def test_no_directory_is_a_fault(tmp_path: Path) -> None:
    (finding,) = check_data_dir(tmp_path / "nowhere")
    assert (finding.check, finding.severity) == ("directory", Severity.FAULT)
    assert "nowhere is not a directory" in finding.text


def test_others_who_may_read_are_named(place: Path) -> None:
    (place / FILE_NAME).chmod(0o644)
    finding = findings_of(place)["permissions"]
    assert finding.severity is Severity.WARNING
    assert finding.advice == f"chmod 600 {place / FILE_NAME}"


def test_damage_is_found(place: Path) -> None:
    file = place / FILE_NAME
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 5] = b"\x5a" * 8192
    file.write_bytes(content)
    finding = findings_of(place)["integrity"]
    assert finding.severity is Severity.FAULT
    assert finding.advice == "stop the server and restore a copy"


def test_a_later_schema_and_a_strangers_file_are_faults(place: Path) -> None:
    with closing(sqlite3.connect(place / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert "schema version 999" in findings_of(place)["journal"].text
    (place / FILE_NAME).write_bytes(b"hello" * 1000)
    found = findings_of(place)["journal"]
    assert found.severity is Severity.FAULT
    assert "file is not a database" in found.text


def test_little_room_is_a_warning_and_the_other_checks_go_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "LOW_DISK_BYTES", 2**62)
    found = findings_of(place)
    assert found["disk_space"].severity is Severity.WARNING
    assert "a full disk stops the bell" in found["disk_space"].advice
    assert found["commit_time"].text


@pytest.mark.parametrize(
    ("median_ms", "severity", "advice"),
    [
        (0.004, Severity.WARNING, "a power cut would lose accepted bells"),
        (0.3, Severity.OK, ""),
        (12.0, Severity.OK, ""),
        (80.0, Severity.WARNING, "use a local solid-state disk"),
    ],
)
def test_the_time_of_a_commit_tells_what_the_disk_is(median_ms: float, severity: Severity, advice: str) -> None:
    finding = judge_commit_time(median_ms)
    assert finding.severity is severity
    assert finding.advice.endswith(advice)


def test_an_older_schema_is_brought_up_to_date_by_the_next_start(place: Path) -> None:
    with closing(sqlite3.connect(place / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 0")
    assert findings_of(place)["schema"].text == f"version 0; the next start brings it to {SCHEMA_VERSION}"


def test_a_log_that_never_shrinks_is_a_warning(place: Path) -> None:
    with (place / f"{FILE_NAME}-wal").open("wb") as wal:
        wal.truncate(200 * 2**20)  # sparse: takes no room
    finding = findings_of(place)["wal"]
    assert finding.severity is Severity.WARNING
    assert finding.text == "write-ahead log 200.0 MB"


def test_what_cannot_be_looked_at_is_a_fault_of_its_own(place: Path) -> None:
    (place / "ridebell.gone").symlink_to(place / "nothing")
    found = findings_of(place)
    assert found["permissions"].severity is Severity.FAULT
    assert found["integrity"].severity is Severity.OK
