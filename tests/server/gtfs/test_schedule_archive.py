"""A feed's zip as tables: what feeds do in practice, and what must not be unpacked."""

import random
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from server.gtfs import archive
from server.gtfs.archive import FeedArchive, Row
from server.gtfs.problems import FeedError, ProblemLog
from tests.server.gtfs.schedule_feeds import pack

NAMES = ("stops.txt", "stop_times.txt")


def rows_of(path: Path, columns: str, problems: ProblemLog | None = None, name: str = "stops.txt") -> list[Row]:
    with FeedArchive(path, NAMES, ProblemLog() if problems is None else problems) as feed:
        return list(feed.select(name, columns))


def read(tmp_path: Path, text: str | bytes, columns: str = "a b", problems: ProblemLog | None = None) -> list[Row]:
    return rows_of(pack(tmp_path / "feed.zip", {"stops.txt": text}), columns, problems)


def refusal(path: Path, columns: str = "stop_id") -> FeedError:
    with pytest.raises(FeedError) as caught:
        rows_of(path, columns)
    return caught.value


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("a,b\n1,2\n3,4\n", [(2, ("1", "2")), (3, ("3", "4"))], id="plain"),
        pytest.param("b,x,a\n2,?,1\n", [(2, ("1", "2"))], id="other order and more columns"),
        pytest.param("\ufeffa,b\n1,2\n", [(2, ("1", "2"))], id="byte order mark"),
        pytest.param('\ufeff"a","b"\n1,2\n', [(2, ("1", "2"))], id="byte order mark before a quote"),
        pytest.param(" a , b \n1,2\n", [(2, ("1", "2"))], id="spaces around column names"),
        pytest.param("a,b\r\n1,2\r\n", [(2, ("1", "2"))], id="windows line ends"),
        pytest.param("a,b\r1,2\r", [(2, ("1", "2"))], id="old mac line ends"),
        pytest.param("a,b\n1,2", [(2, ("1", "2"))], id="no line end at the end"),
        pytest.param("a,b\n\n1,2\n\n", [(3, ("1", "2"))], id="blank lines"),
        pytest.param('a,b\n"1\nx","2"\n3,4\n', [(2, ("1\nx", "2")), (4, ("3", "4"))], id="quoted line break"),
        pytest.param('a,b\n"1,""x""",2\n', [(2, ('1,"x"', "2"))], id="quoted comma and quotes"),
        pytest.param("a,b\n1\n", [(2, ("1", ""))], id="row too short"),
        pytest.param("a,b\n1,2,3,4\n", [(2, ("1", "2"))], id="row too long"),
        pytest.param("a,b\n1, 2\n", [(2, ("1", "2"))], id="space after a comma"),
        pytest.param("a,b\n", [], id="no rows"),
        pytest.param("a,a,b\n1,9,2\n", [(2, ("1", "2"))], id="a column twice"),
    ],
)
def test_rows_come_with_their_line(tmp_path: Path, text: str, rows: list[Row]) -> None:
    problems = ProblemLog()
    assert read(tmp_path, text, problems=problems) == rows
    assert not len(problems)


def test_a_column_that_may_be_missing_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path, "a\n1\n1,2\n", "a b?") == [(2, ("1", "")), (3, ("1", ""))]
    assert read(tmp_path, "a\n1\n", "b?") == [(2, ("",))]


def test_rows_are_counted_and_progress_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ROWS_PER_STEP", 2)
    path = pack(tmp_path / "feed.zip", {"stops.txt": "a\n1\n2\n3\n", "stop_times.txt": "a\n1\n"})
    told: list[tuple[str, float]] = []
    with FeedArchive(path, NAMES, ProblemLog(), lambda file, share: told.append((file, share))) as feed:
        for name in NAMES:
            list(feed.select(name, "a"))
    assert feed.rows == {"stops.txt": 3, "stop_times.txt": 1}
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert told[-1] == ("stop_times.txt", 1.0)


def test_letters_that_are_not_utf8_are_listed_and_stay_distinct(tmp_path: Path) -> None:
    problems = ProblemLog()
    rows = read(tmp_path, "a,b\n가,1\n".encode() + b"caf\xe9,2\ncaf\xe8,3\n", problems=problems)
    assert [values[0] for _, values in rows] == ["가", r"caf\xe9", r"caf\xe8"]
    assert [(p.line, p.code) for p in problems.kept] == [(3, "not_utf8"), (4, "not_utf8")]


def test_a_quote_that_is_never_closed_costs_what_it_swallows(tmp_path: Path) -> None:
    problems = ProblemLog()
    long = "".join(f"{i},x\n" for i in range(3, 200))
    rows = read(tmp_path, f'a,b\n1,2\n"2,2\n{long}', problems=problems)
    assert rows == [(2, ("1", "2"))]
    assert [(p.line, p.code) for p in problems.kept] == [(3, "bad_quotes")]


def test_reading_goes_on_after_a_field_that_is_too_long(tmp_path: Path) -> None:
    problems = ProblemLog()
    rows = read(tmp_path, f"a,b\n1,2\n{'x' * 200_000},2\n3,4\n", problems=problems)
    assert rows == [(2, ("1", "2")), (4, ("3", "4"))]
    assert [(p.line, p.code) for p in problems.kept] == [(3, "bad_quotes")]


@pytest.mark.parametrize("folder", ["feed/", "a/b/", "a\\b\\"])
def test_a_feed_may_lie_in_a_folder(tmp_path: Path, folder: str) -> None:
    assert rows_of(pack(tmp_path / "feed.zip", {}, folder), "stop_id")[0] == (2, ("A",))


def test_the_feed_highest_up_is_taken(tmp_path: Path) -> None:
    path = pack(tmp_path / "feed.zip", {})
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("__MACOSX/old/stop_times.txt", "junk")
    assert len(rows_of(path, "stop_id")) == 4


# -- what is refused ------------------------------------------------------------------------


def test_two_feeds_in_one_zip_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "feed.zip", {}, "north/")
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("south/stop_times.txt", "junk")
    assert str(refusal(path)) == "two_feeds: file=feed.zip, one=north, other=south"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.zip").code == "no_such_file"
    assert refusal(tmp_path).code == "is_a_folder"


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut short", b"PK\x05\x06"])
def test_a_file_that_is_no_zip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "feed.zip").write_bytes(content)
    assert refusal(tmp_path / "feed.zip").code == "not_a_zip"


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loop.zip").symlink_to(tmp_path / "loop.zip")
    assert refusal(tmp_path / "loop.zip").code == "cannot_open"


def test_a_zip_cut_short_is_no_zip(tmp_path: Path) -> None:
    path = pack(tmp_path / "feed.zip", {})
    path.write_bytes(path.read_bytes()[:-40])
    assert refusal(path).code == "not_a_zip"


def test_a_zip_with_flipped_bytes_is_damaged(tmp_path: Path) -> None:
    noise = random.Random(1)
    text = "stop_id\n" + "".join(f"{noise.getrandbits(64)}\n" for _ in range(2000))
    path = pack(tmp_path / "feed.zip", {"stops.txt": text})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as original:
        start = original.getinfo("stops.txt").header_offset + 2000
    content[start : start + 50] = bytes(50)
    path.write_bytes(content)
    assert str(refusal(path)) == "damaged: file=stops.txt"


@pytest.mark.parametrize(("flag", "method"), [(1, 8), (0, 99)], ids=["encrypted", "unknown packing"])
def test_a_zip_that_python_cannot_unpack(tmp_path: Path, flag: int, method: int) -> None:
    path = pack(tmp_path / "feed.zip", {})
    with zipfile.ZipFile(path, "a") as more:
        info = more.getinfo("stops.txt")
        info.flag_bits |= flag
        info.compress_type = method
        more.comment = b"changed"  # makes zipfile write the directory again
    content = bytearray(path.read_bytes())
    content[info.header_offset + 6] |= flag
    content[info.header_offset + 8] = method
    path.write_bytes(content)
    assert refusal(path).code == "unreadable"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "feed.zip", {"stops.txt": b"stop_id\n" + b"0" * (40 << 20)})
    tracemalloc.start()
    assert refusal(path).code == "bomb"
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_a_feed_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FEED_BYTES", 200)
    assert refusal(pack(tmp_path / "feed.zip", {})).code == "too_large"


def test_a_line_without_end_is_refused_with_little_memory(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(5 << 20).replace(b"\n", b"n").replace(b"\r", b"r").hex().encode()
    path = pack(tmp_path / "feed.zip", {"stops.txt": b"stop_id\n" + noise})
    tracemalloc.start()
    assert str(refusal(path)) == "line_too_long: file=stops.txt, line=2"
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty_file: file=stops.txt"),
        ("\n", "empty_file: file=stops.txt"),
        ("x,y\n", "missing_column: file=stops.txt, column=stop_id"),
        ("가,나\n".encode("utf-16"), "missing_column: file=stops.txt, column=stop_id"),
        ("x" * 200_000 + "\n", "bad_header: file=stops.txt"),
        (None, "missing_file: file=stops.txt"),
    ],
)
def test_a_table_without_its_columns_is_refused(tmp_path: Path, text: str | bytes | None, message: str) -> None:
    assert str(refusal(pack(tmp_path / "feed.zip", {"stops.txt": text}))) == message


def test_a_table_that_is_not_required_may_be_missing_or_empty(tmp_path: Path) -> None:
    for content in (None, ""):
        with FeedArchive(pack(tmp_path / "feed.zip", {"stops.txt": content}), NAMES, ProblemLog()) as feed:
            assert not list(feed.select("stops.txt", "stop_id", required=False))
            assert feed.size("stops.txt") == 0


def test_problems_are_counted_beyond_what_is_kept() -> None:
    problems = ProblemLog()
    for line in range(1000):
        problems.add("stops.txt", line, "bad_place")
    assert (len(problems), len(problems.kept)) == (1000, 100)
