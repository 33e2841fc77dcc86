"""What an operator takes away: CSV that Korean spreadsheets read, GeoJSON, TIDES by its own schema."""

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from server.core.model import TripId, TripKey, VisitOutcome
from server.exports import LIFE_COLUMNS, PASSBY_COLUMNS, TALLY_COLUMNS, TIDES_COLUMNS, csv_text, tides_rows
from server.ports import Batch
from server.protocol.tokens import Role
from tests.server.web.ops_day import T0, keep, ordinary_hour, visit
from tests.server.web.web_world import Running, street

TIDES: dict[str, Any] = json.loads((Path(__file__).parent / "tides_stop_visits.json").read_text("utf-8"))
POINTS = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["type", "geometry", "properties"],
                "properties": {
                    "geometry": {
                        "properties": {
                            "type": {"const": "Point"},
                            "coordinates": {
                                "prefixItems": [{"minimum": 120, "maximum": 135}, {"minimum": 30, "maximum": 40}]
                            },
                        }
                    }
                },
            },
        },
    },
}


async def take(server: Running, table: str, **params: Any) -> str:
    answer = await server.http.get(
        f"/v1/ops/exports/{table}", headers=server.bearer(Role.OPERATOR), params={"from_ms": T0} | params
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="ridebell-20261120-')
    assert "secret-rider" not in answer.text
    return answer.content.decode("utf-8")


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


async def day(server: Running) -> None:
    await ordinary_hour(server.runtime._journal)


async def test_bells_in_the_order_in_which_they_rang(server: Running) -> None:
    await day(server)
    rows = rows_of(await take(server, "bells.csv"))
    assert tuple(rows[0]) == LIFE_COLUMNS
    assert [row["rung_at"] for row in rows] == sorted(row["rung_at"] for row in rows)
    assert (rows[0]["stop_name"], rows[0]["needs"]) == ("거리 <2> & 시장", "wheelchair")
    assert (len(rows), rows[0]["ring_to_shown_s"], rows[-1]["shown_at"]) == (7, "20.0", "")
    assert rows[0]["rung_at"].endswith("+09:00")
    assert len(rows_of(await take(server, "bells.csv", state="cancelled"))) == 1


@pytest.mark.parametrize(
    ("table", "groups"), [("routes.csv", ["10"]), ("stops.csv", ["S2", "S3", "S4"]), ("hours.csv", ["09"])]
)
async def test_figures_say_of_when_they_are_and_of_how_many(server: Running, table: str, groups: list[str]) -> None:
    await day(server)
    rows = rows_of(await take(server, table))
    assert tuple(rows[0]) == TALLY_COLUMNS
    assert [row["group"] for row in rows] == groups
    assert sum(int(row["bells"]) for row in rows) == 7
    assert all(row["from"] and row["to"] for row in rows)


async def test_pass_bys_as_a_table_and_as_a_map(server: Running) -> None:
    await day(server)
    (row,) = rows_of(await take(server, "passbys.csv"))
    assert tuple(row) == PASSBY_COLUMNS
    assert (row["visit"], row["stood_s"], row["reported"]) == ("passed", "0.0", "True")
    collection = json.loads(await take(server, "passbys.geojson"))
    jsonschema.Draft202012Validator(POINTS).validate(collection)
    assert collection["features"][0]["properties"]["stop_name"] == "거리 <3> & 시장"


async def test_stops_on_a_map_with_their_bells(server: Running) -> None:
    await day(server)
    collection = json.loads(await take(server, "stops.geojson"))
    jsonschema.Draft202012Validator(POINTS).validate(collection)
    assert [f["properties"]["bells"] for f in collection["features"]] == [2, 4, 1]


async def test_stop_visits_follow_the_tides_schema(server: Running) -> None:
    await day(server)
    unknown = visit(1, T0 + 10_000, outcome=VisitOutcome.UNKNOWN)
    await keep(server.runtime._journal, Batch(visits=[unknown]))
    rows = rows_of(await take(server, "stop_visits.csv"))
    assert [row["stop_sequence"] for row in rows] == ["2", "3", "4"]
    for row in rows:
        for name, text in row.items():
            fits(name, text)
    keys = {tuple(row[name] for name in TIDES["primaryKey"]) for row in rows}
    assert len(keys) == len(rows)
    relations = [row["schedule_relationship"] for row in rows]
    assert relations == ["Missing data", "Scheduled", "Scheduled"]
    assert [row["dwell"] for row in rows] == ["", "14", "0"]
    assert [row["distance"] for row in rows] == ["451", "451", "451"]
    assert rows[1]["schedule_arrival_time"] == "2026-11-20T10:07:16+09:00"


def fits(name: str, text: str) -> None:
    """A cell by the schema's type and constraints."""
    field = TIDES["fields"][name]
    if text == "":
        assert not field.get("required"), name
        return
    match field["type"]:
        case "date":
            date.fromisoformat(text)
        case "datetime":
            assert datetime.fromisoformat(text).tzinfo is not None
        case "integer":
            assert int(text) >= field.get("minimum", 0)
    assert text in field.get("enum", [text])


def test_a_run_or_stop_that_the_network_does_not_know_keeps_what_was_seen() -> None:
    known = visit(3, T0)
    gone = msgspec.structs.replace(known, trip=TripKey(TripId("gone"), "20261120"))
    elsewhere = msgspec.structs.replace(known, stop_sequence=77)
    rows = [dict(zip(TIDES_COLUMNS, row, strict=True)) for row in tides_rows([gone, elsewhere], street())]
    assert [(row["trip_id_performed"], row["stop_sequence"], row["dwell"]) for row in rows] == [
        ("gone", 4, 14),
        ("T1", 77, 14),
    ]
    assert (rows[0]["pattern_id"], rows[1]["schedule_arrival_time"]) == (None, None)


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    assert "".join(csv_text(["a"], [["=1+1"], ["-5"], [-5], ["88번"]])) == "\ufeffa\r\n'=1+1\r\n'-5\r\n-5\r\n88번\r\n"


async def test_a_table_that_there_is_not(server: Running) -> None:
    answer = await server.http.get("/v1/ops/exports/riders.csv", headers=server.bearer(Role.OPERATOR))
    assert answer.status_code == 422
    assert (await server.http.get("/v1/ops/exports/bells.csv", headers=server.bearer(Role.RIDER))).status_code == 403
