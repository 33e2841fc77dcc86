"""Small feeds to break: files by name, packed as a zip."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

TOWN = {
    "agency.txt": "agency_name,agency_url,agency_timezone\n수원교통,https://a.example,Asia/Seoul\n",
    "routes.txt": "route_id,route_short_name,route_type\nR,11,3\n",
    "stops.txt": (
        "stop_id,stop_code,stop_name,stop_lat,stop_lon\n"
        "A,01,가,37.260,127.0\nB,02,나,37.263,127.0\nC,03,다,37.266,127.0\nD,04,라,37.269,127.0\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "W,1,1,1,1,1,0,0,20260101,20261231\n"
    ),
    "trips.txt": "route_id,service_id,trip_id\nR,W,T1\nR,W,T2\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,08:00:00,08:00:00,A,1\nT1,08:05:00,08:05:30,B,2\nT1,08:10:00,08:10:00,C,3\nT1,08:15:00,08:15:00,D,4\n"
        "T2,23:55:00,23:55:00,A,1\nT2,24:05:00,24:05:00,D,2\n"
    ),
}
"""A whole feed without a problem. Line 2 is the first row of every file."""


def pack(path: Path, files: Mapping[str, str | bytes | None], folder: str = "") -> Path:
    """Write a feed: the town's files, replaced, added or (None) left out by `files`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**TOWN, **files}.items():
            if content is not None:
                archive.writestr(folder + name, content)
    return path


def replaced(file: str, old: str, new: str) -> dict[str, str]:
    """One file of the town with a piece of its text exchanged."""
    assert old in TOWN[file]
    return {file: TOWN[file].replace(old, new)}


def added(file: str, *rows: str) -> dict[str, str]:
    """One file of the town with rows added."""
    return {file: TOWN[file] + "".join(row + "\n" for row in rows)}
