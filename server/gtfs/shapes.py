"""`shapes.txt`: the lines of the shapes that some trip uses, point by point in order. Level 2 of the importer."""

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from server.core.columns import Floats
from server.gtfs.archive import FeedArchive
from server.gtfs.calls import in_order
from server.gtfs.values import lat_lon_of, real_number, whole_number

SHAPES = "shapes.txt"
SHAPE_COLUMNS = "shape_id shape_pt_lat shape_pt_lon shape_pt_sequence shape_dist_traveled?"


@dataclass(frozen=True, slots=True, eq=False)
class ShapeLine:
    """The points of one shape: (n, 2) degrees, and the feed's own distances (NaN where it gives none)."""

    shape_id: str
    lat_lon: Floats
    dist: Floats


def read_shapes(feed: FeedArchive, used: Mapping[str, int]) -> Iterator[ShapeLine]:
    """Read the shapes in use (shape_id to the line of `trips.txt` that first uses it); lists those that are missing."""
    rows = {shape_id: row for row, shape_id in enumerate(used)}
    shape_c, sequence_c = array("i"), array("i")
    lat_lon_c, dist_c = array("d"), array("d")
    for line, (shape_id, lat, lon, sequence, dist) in feed.select(SHAPES, SHAPE_COLUMNS, required=False):
        row = rows.get(shape_id, rows.get(shape_id.strip()))
        if row is None:
            continue
        place, number = lat_lon_of(lat, lon), whole_number(sequence)
        if place is None:
            feed.problems.add(SHAPES, line, "bad_place", value=f"{lat}, {lon}")
        elif number is None:
            feed.problems.add(SHAPES, line, "bad_number", column="shape_pt_sequence", value=sequence)
        else:
            shape_c.append(row)
            sequence_c.append(number)
            lat_lon_c.extend(place)
            distance = real_number(dist) if dist else None
            dist_c.append(math.nan if distance is None else distance)
    shape = np.frombuffer(shape_c, dtype=np.int32)
    order = in_order(shape, np.frombuffer(sequence_c, dtype=np.int32))
    lat_lon = np.frombuffer(lat_lon_c, dtype=np.float64).reshape(-1, 2)[order]
    dist_of = np.frombuffer(dist_c, dtype=np.float64)[order]
    starts = np.searchsorted(shape[order], np.arange(len(rows) + 1))
    for shape_id, row in rows.items():
        part = slice(starts[row], starts[row + 1])
        if part.start == part.stop:
            feed.problems.add("trips.txt", used[shape_id], "no_shape", value=shape_id)
        elif not np.ptp(lat_lon[part], axis=0).any():
            feed.problems.add("trips.txt", used[shape_id], "one_point_shape", value=shape_id)
        else:
            yield ShapeLine(shape_id, lat_lon[part], dist_of[part])
