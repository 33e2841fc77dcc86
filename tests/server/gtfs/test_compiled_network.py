"""The compiled file: the same network comes back, written whole or not at all, and nothing else is taken for one."""

import contextlib
import os
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from server.core.columns import Columns
from server.core.network import Network
from server.gtfs import compiled
from server.gtfs.compiled import NetworkFileError, load, read_head, save
from server.gtfs.schedule import read_schedule
from tests.server.gtfs.schedule_feeds import pack


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    names = "table_name,field_name,language,translation,record_id\nstops,stop_name,en,Ga,A\n"
    windows = "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,09:00:00,600\n"
    return read_schedule(pack(tmp_path / "feed.zip", {"translations.txt": names, "frequencies.txt": windows})).columns


@pytest.fixture
def path(tmp_path: Path, columns: Columns) -> Path:
    save(columns, tmp_path / "town.network", problems=3)
    return tmp_path / "town.network"


def columns_of(network: Network) -> Columns:
    return network._columns


def test_what_is_loaded_is_what_was_saved(path: Path, columns: Columns) -> None:
    loaded = columns_of(load(path))
    for field in fields(Columns):
        saved, found = getattr(columns, field.name), getattr(loaded, field.name)
        if isinstance(saved, np.ndarray):
            assert saved.dtype == found.dtype
            assert np.array_equal(saved, found)
            assert not found.flags.writeable
        else:
            assert saved == found


def test_the_head_can_be_read_alone(path: Path, columns: Columns) -> None:
    head = read_head(path)
    assert (head.feed_hash, head.timezone, head.agency_name) == (columns.feed_hash, "Asia/Seoul", "수원교통")
    assert (head.routes, head.patterns, head.stops, head.trips, head.problems) == (1, 2, 4, 2, 3)


def test_the_same_network_is_the_same_bytes(tmp_path: Path, path: Path, columns: Columns) -> None:
    save(columns, tmp_path / "again.network", problems=3)
    assert (tmp_path / "again.network").read_bytes() == path.read_bytes()


def test_numpy_alone_can_read_the_arrays(path: Path) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["trip_start_s"].tolist() == [28_800, 86_100]


def test_a_failure_leaves_the_old_network_and_nothing_else(
    path: Path, columns: Columns, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, files = path.read_bytes(), sorted(path.parent.iterdir())

    def full_disk(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        save(columns, path, problems=0)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == files


def test_a_folder_that_is_not_there(tmp_path: Path, columns: Columns) -> None:
    with pytest.raises(FileNotFoundError):
        save(columns, tmp_path / "none" / "town.network", problems=0)


# -- what is no network -----------------------------------------------------------------


def sentence(path: Path) -> str:
    with pytest.raises(NetworkFileError) as caught:
        load(path)
    with pytest.raises(NetworkFileError):
        read_head(path)
    return str(caught.value)


def rewritten(path: Path, member: str, content: bytes | None) -> Path:
    """The same file with one member exchanged or left out."""
    other = path.with_suffix(".other")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
            elif content is not None:
                new.writestr(name, content)
    return other


def test_a_missing_file(tmp_path: Path) -> None:
    assert sentence(tmp_path / "none") == f"cannot read {tmp_path / 'none'}: No such file or directory"
    assert "Is a directory" in sentence(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04pickle", b"\x93NUMPY"])
def test_another_kind_of_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert "is not a compiled network; make one with: ridebell import" in sentence(tmp_path / "x")


def test_a_feed_is_not_a_network(tmp_path: Path) -> None:
    assert "is a GTFS feed, not a compiled network" in sentence(pack(tmp_path / "feed.zip", {}))


def test_another_zip_is_not_a_network(tmp_path: Path, path: Path) -> None:
    assert "is a zip file, not" in sentence(rewritten(path, compiled.HEAD, None))
    assert "is not a compiled network" in sentence(rewritten(path, compiled.HEAD, b'{"format":"other"}'))


def test_another_version_says_what_to_do(path: Path) -> None:
    other = rewritten(path, compiled.HEAD, b'{"format":"ridebell-network","format_version":99}')
    assert sentence(other).endswith("has network format 99, this program reads 1; import the feed again")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_file_cut_short(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert sentence(path).endswith("is damaged or cut short; import the feed again")


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("visit_along_m.npy", None),
        ("visit_along_m.npy", b"junk"),
        (compiled.TEXTS, b"{"),
        (compiled.TEXTS, b"[]"),
        (compiled.TEXTS, b'{"unknown":1}'),
    ],
)
def test_a_member_that_is_missing_or_junk(path: Path, member: str, content: bytes | None) -> None:
    with pytest.raises(NetworkFileError, match="damaged"):
        load(rewritten(path, member, content))


def test_every_flipped_byte_is_noticed_or_harmless(path: Path) -> None:
    """Flip bytes all through the file: it loads the same or says that it is damaged, never something else."""
    content = path.read_bytes()
    step = 29  # coprime to every size in the format
    for at in range(0, len(content), step):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        with contextlib.suppress(NetworkFileError):
            assert load(path).trip_count == 2
