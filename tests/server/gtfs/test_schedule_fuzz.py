"""Feeds that nobody would write: whatever the bytes, a network that is sound or a refusal, never a traceback."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, strategies as st

from server.core.network import Network
from server.gtfs.problems import FeedError
from server.gtfs.schedule import read_schedule
from tests.server.gtfs.schedule_feeds import TOWN, pack

cells = st.one_of(
    st.sampled_from(["", "T1", "T2", "A", "B", "R", "W", "S", "0", "1", "2", "9", "-1", "37.26", "127", "08:00:00"]),
    st.sampled_from(
        ["24:00:00", "7:00:00", "99:99:99", "20260101", "1e400", "nan", '"', '"x', "\x00", "가", "\n", "\r"]
    ),
    st.text(max_size=5),
)
EXTRA = {
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\nS,37.26,127,1,0\n",
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,09:00:00,600\n",
    "calendar_dates.txt": "service_id,date,exception_type\nW,20261122,1\n",
    "translations.txt": "table_name,field_name,language,translation,record_id\nstops,stop_name,en,Ga,A\n",
    "feed_info.txt": "feed_version\nv1\n",
}


@st.composite
def strange_feeds(draw: st.DrawFn) -> dict[str, str | bytes | None]:
    """The town with cells exchanged, rows added and bytes overwritten in some files."""
    files: dict[str, str | bytes | None] = dict(EXTRA)
    for name in draw(st.lists(st.sampled_from([*TOWN, *EXTRA]), min_size=1, max_size=3, unique=True)):
        header, *rows = {**TOWN, **EXTRA}[name].splitlines()
        table = [row.split(",") for row in rows]
        for _ in range(draw(st.integers(0, 4))):
            row = draw(st.sampled_from(table))
            row[draw(st.integers(0, len(row) - 1))] = draw(cells)
        table += draw(st.lists(st.lists(cells, max_size=8), max_size=3))
        content = "\n".join([header, *(",".join(row) for row in table)]).encode("utf-8", "surrogatepass")
        at = draw(st.integers(0, len(content)))
        files[name] = content[:at] + draw(st.binary(max_size=3)) + content[at:]
    return files


@given(strange_feeds())
def test_any_feed_is_sound_or_refused(files: dict[str, str | bytes | None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            schedule = read_schedule(pack(Path(folder) / "feed.zip", files))
        except FeedError:
            return
    network = Network(schedule.columns)
    assert network.trip_count >= 1
    start_ms = network.day_start_ms("20261123")
    for index in range(network.pattern_count):
        pattern = network.pattern(index)
        assert len(pattern.visits) >= 2
        assert (np.diff(pattern.visit_along_m) >= 0.0).all()
        assert 0.0 <= pattern.visit_along_m[0] <= pattern.visit_along_m[-1] <= pattern.path.length_m + 1e-6
        assert (np.diff([visit.stop_sequence for visit in pattern.visits]) > 0).all()
        for trip_id in network.trips_of_pattern(index):
            trip = network.trip(trip_id)
            assert trip is not None
            assert (np.diff(np.column_stack((trip.arrivals_s, trip.departures_s)).reshape(-1)) >= 0).all()
        for stop_id in {visit.stop_id for visit in pattern.visits}:
            for ref in network.visits_at(stop_id):
                departs_ms = network.next_departure_ms(ref, start_ms)
                assert departs_ms is None or departs_ms >= start_ms


def test_a_flipped_byte_of_the_zip_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Unpacked bytes are guarded by checksums, so whatever is read is what was packed."""
    path = pack(tmp_path / "feed.zip", EXTRA)
    content = path.read_bytes()
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        with contextlib.suppress(FeedError):
            assert len(read_schedule(path).columns.trip_ids) == 2
