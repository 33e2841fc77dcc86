"""`ridebell tariff` as people use it: prices with their reasons, checks that teach, feeds in and files out."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from ridebell.cli import run
from ridebell.texts import t
from server.core.fares.reading import Wrong
from server.core.fares.riding import Rule, Why
from server.gtfs.fares_export import Loss
from server.tariff_presets import tariff_names
from tests.server.gtfs.fare_feeds import FIRST
from tests.server.gtfs.schedule_feeds import pack

RIDES: dict[str, Any] = {
    "rider_class": "adult",
    "rides": [
        {
            "product": "GG_VILLAGE_SUWON",
            "route_id": "1",
            "boarded_at": "2025-11-03T08:00:00+09:00",
            "alighted_at": "2025-11-03T08:10:00+09:00",
            "distance_m": 2000,
        },
        {
            "product": "GG_EXPRESS",
            "route_id": "3000",
            "boarded_at": "2025-11-02T23:15:00Z",
            "alighted_at": "2025-11-03T09:00:00+09:00",
            "distance_m": 29000,
        },
    ],
}


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")


def priced(capsys: pytest.CaptureFixture[str], question: dict[str, Any], *more: str) -> dict[str, Any]:
    """The answer as JSON."""
    assert run(["tariff", "price", "--json", json.dumps(question), *more]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one sentence on stderr."""
    assert run(["tariff", *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


# -- price -----------------------------------------------------------------------------------------------------------------


def test_the_answer_has_the_shape_that_the_protocol_fixes(capsys: pytest.CaptureFixture[str]) -> None:
    answer = priced(capsys, RIDES)
    assert answer["total_won"] == 3300
    assert answer["tariff"] == "kr-capital@1"
    (journey,) = answer["journeys"]
    assert (journey["total_won"], journey["rides"]) == (3300, [0, 1])
    assert [tap["won"] for tap in journey["increments"]] == [1650, 0, 1550, 100]
    assert [tap["at"] for tap in journey["increments"]] == [
        "2025-11-03T08:00:00+09:00",
        "2025-11-03T08:10:00+09:00",
        "2025-11-03T08:15:00+09:00",
        "2025-11-03T09:00:00+09:00",
    ]
    assert journey["increments"][0]["rules"] == ["F1", "F20"]
    assert "F3" in journey["increments"][3]["rules"]
    assert journey["increments"][3]["parts"] == [{"rule": "F3", "won": 100}]
    assert (journey["increments"][3]["ride"], journey["increments"][3]["tap"]) == (1, "alight")
    assert answer["owed_won"] == 0


def test_rides_keep_their_places_however_they_are_ordered(capsys: pytest.CaptureFixture[str]) -> None:
    answer = priced(capsys, {**RIDES, "rides": RIDES["rides"][::-1]})
    assert answer["total_won"] == 3300
    assert answer["journeys"][0]["rides"] == [1, 0]


def test_what_a_missing_exit_owes_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    one = {
        "product": "GG_GENERAL",
        "route_id": "7",
        "boarded_at": "2025-11-03T08:00:00+09:00",
        "alighted_at": None,
        "distance_m": None,
        "pricing": "distance",
        "route_length_m": 18000,
    }
    assert priced(capsys, {"rider_class": "adult", "rides": [one]})["owed_won"] == 200
    assert run(["tariff", "price", json.dumps({"rider_class": "adult", "rides": [one]})]) == 0
    assert "At the next boarding 200 KRW will be asked for" in capsys.readouterr().out


def test_every_rule_is_explained_with_what_it_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rides.json"
    path.write_text(json.dumps(RIDES), encoding="utf-8")
    assert run(["tariff", "price", "--tariff", "kr-capital", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Journey 1: 3,300 KRW, rides: 2"
    assert "  2025-11-03 08:15:00  board, route 3000 (GG_EXPRESS): 1,550 KRW" in lines
    assert "      F1 [V] base fare: the highest of the journey's rides  +1,550 KRW" in lines
    assert "      F3 [V] a surcharge for each started step beyond the base distance  +100 KRW" in lines
    assert lines[-1] == "Total: 3,300 KRW by kr-capital@1"


def test_the_explanation_in_korean(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert run(["tariff", "price", json.dumps(RIDES)]) == 0
    printed = capsys.readouterr().out
    assert "F1 [V] 기본요금: 여정에서 가장 높은 기본요금  +1,550 KRW" in printed
    assert printed.endswith("합계: 3,300 KRW, 요금표 kr-capital@1\n")


def test_rides_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(RIDES).encode())))
    assert run(["tariff", "price", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["total_won"] == 3300


def test_a_time_without_an_offset_is_local_and_metres_may_have_a_fraction(capsys: pytest.CaptureFixture[str]) -> None:
    one = {**RIDES["rides"][0], "boarded_at": "2025-11-03T06:00:00", "product": "METRO", "distance_m": 10000.4}
    assert priced(capsys, {"rider_class": "adult", "rides": [one]})["total_won"] == 1240


def test_fares_between_places(capsys: pytest.CaptureFixture[str]) -> None:
    one = {
        "route_id": "1",
        "boarded_at": "2025-11-03T08:00:00+09:00",
        "alighted_at": "2025-11-03T08:10:00+09:00",
        "board_stop_id": "station",
        "alight_stop_id": "harbour",
    }
    question = {"rider_class": "adult", "rides": [one]}
    answer = priced(capsys, question, "--tariff", "zone-example")
    assert [tap["won"] for tap in answer["journeys"][0]["increments"]] == [1500, 900]
    assert run(["tariff", "price", json.dumps(question), "--tariff", "zone-example"]) == 0
    assert "Z1 the fare between the two places  +900 KRW" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rider_class": "senior"}, "no fares for “senior”; it has adult, teen, child"),
        (
            {"rides": [{**RIDES["rides"][0], "product": "TRAM"}]},
            "Ride 0 (counted from 0, boarded 2025-11-03T08:00:00+09:00)",
        ),
        ({"rides": [{**RIDES["rides"][0], "alighted_at": "2025-11-03T07:00:00+09:00"}]}, "ends before it begins"),
        ({"rides": [{**RIDES["rides"][0], "boarded_at": "2011-11-03T07:00:00+09:00"}]}, "from 2019-11-23 on only"),
        ({"rides": [{**RIDES["rides"][0], "medium": "cash"}]}, "no cash fare of GG_VILLAGE_SUWON"),
        ({"rides": [{**RIDES["rides"][0], "boarded_at": "yesterday"}]}, "$.rides[0].boarded_at"),
        ({"rides": [{**RIDES["rides"][0], "distance_m": -1}]}, "$.rides[0].distance_m"),
        ({"rides": {}}, "$.rides"),
        ({"rides": [{}]}, "$.rides[0]"),
    ],
)
def test_a_question_that_has_no_answer_is_refused_in_one_sentence(
    change: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(capsys, "price", "--json", json.dumps({**RIDES, **change}))


def test_refusals_between_places(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = {"rider_class": "senior", "rides": []}
    assert "no fares for “senior”" in refused(capsys, "price", "--tariff", "zone-example", json.dumps(nobody))
    assert "board_stop_id" in refused(capsys, "price", "--tariff", "zone-example", json.dumps(RIDES))


def test_what_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = str(tmp_path / "none.json")
    assert missing in refused(capsys, "price", missing)
    assert missing in refused(capsys, "price", "--tariff", missing, json.dumps(RIDES))
    assert "choose one of flat-example, kr-capital" in refused(capsys, "price", "--tariff", "gold", json.dumps(RIDES))
    assert "RIDES" in refused(capsys, "price")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_question_ends_in_a_traceback(content: bytes) -> None:
    stdin, stderr = sys.stdin, sys.stderr
    sys.stdin, sys.stderr = io.TextIOWrapper(io.BytesIO(content)), io.StringIO()
    try:
        assert run(["tariff", "price", "--json", "-"]) == 2
        assert sys.stderr.getvalue().count("\n") == 1
    finally:
        sys.stdin, sys.stderr = stdin, stderr


# -- list, check, schema ---------------------------------------------------------------------------------------------------


def test_the_list_names_every_tariff(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tariff", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("@")[0] for line in lines] == tariff_names()
    assert "kr-capital@1  KRW  Seoul capital area, integrated transfer fares" in lines


def test_a_good_file_says_what_is_in_it_and_where_sources_disagree(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tariff", "check", "kr-capital"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("kr-capital@1 is good")
    assert lines[1:] == [
        "  sources disagree: GG_EXPRESS from 2025-10-25, teen: 2300 here, 2240 in press-gg-2025-09",
        "  sources disagree: GG_EXPRESS from 2025-10-25, adult: 3200 here, 3300 in press-gg-2025-09",
    ]
    assert run(["tariff", "check", "zone-example"]) == 0
    assert "2 fares, 4 rules, 3 stops with zones" in capsys.readouterr().out


def test_everything_wrong_with_a_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    path = tmp_path / "mine.json"
    text = (root / "server" / "tariffs" / "flat-example.json").read_text(encoding="utf-8")
    path.write_text(text.replace("2024-01-01", "2024-02-31").replace('"teen": 1000, ', ""), encoding="utf-8")
    assert run(["tariff", "check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"{path}: $.products[0].versions[0].from: “2024-02-31” is no day of the calendar; "
        "write 2025-10-25, or 2025-10-25T03:00.",
        f"{path}: $.products[0].versions[0].won: there is no amount for “teen”; every class needs one.",
    ]
    assert "(1 more: ridebell tariff check)" in refused(capsys, "price", "--tariff", str(path), json.dumps(RIDES))
    path.write_text("{", encoding="utf-8")
    assert "this is not JSON" in refused(capsys, "check", str(path))
    assert "choose one of" in refused(capsys, "check", "gold")


def test_the_schema_is_checked_in_and_every_tariff_fits_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Write it again with `ridebell tariff schema > docs/api/tariff.schema.json`."""
    assert run(["tariff", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert json.loads((root / "docs" / "api" / "tariff.schema.json").read_text(encoding="utf-8")) == schema
    for path in (root / "server" / "tariffs").glob("*.json"):
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema)


def test_every_rule_reason_flaw_and_loss_has_its_sentence() -> None:
    places = ("product", "known", "rider_class", "first", "since", "route", "origin", "destination")
    filled = dict.fromkeys((*places, "what", "limit", "value", "before"), "x")
    for kind, codes in {"rule": Rule, "why": Why, "flaw": Wrong, "loss": Loss}.items():
        for code in codes:
            assert t(f"tariff.{kind}.{code}", **filled)


# -- feeds -----------------------------------------------------------------------------------------------------------------


def test_a_feed_becomes_a_tariff_and_prices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "town.json"
    assert run(["tariff", "import", str(pack(tmp_path / "town.zip", dict(FIRST))), "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{out}: town@1, 2 fares, 4 rules, 3 stops with zones",
        "No problems found.",
    ]
    hop = {"board_stop_id": "A", "alight_stop_id": "C", "route_id": "R", "boarded_at": "2026-03-04T10:00:00"}
    question = {"rider_class": "adult", "rides": [{**hop, "alighted_at": "2026-03-04T10:10:00"}]}
    assert run(["tariff", "price", "--tariff", str(out), json.dumps(question)]) == 0
    assert capsys.readouterr().out.endswith("Total: 4.00 EUR by town@1\n")


def test_problems_of_a_feed_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {**FIRST, "fare_rules.txt": FIRST["fare_rules.txt"] + "in,Q,inner,inner\n"}
    feed = pack(tmp_path / "town.zip", files)
    assert run(["tariff", "import", str(feed), "--out", str(tmp_path / "t.json"), "--name", "mine"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "fare_rules.txt:6: route_id “Q” is not in the feed; row left out"
    ]
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["name"] == "mine"


def test_a_feed_without_fares_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = pack(tmp_path / "town.zip", {})
    said = refused(capsys, "import", str(feed), "--out", str(tmp_path / "t.json"))
    assert "fare_attributes.txt" in said
    assert list(tmp_path.iterdir()) == [feed]
    bad_name = refused(capsys, "import", str(pack(feed, dict(FIRST))), "--out", str(tmp_path / "t"), "--name", "a b")
    assert "$.name" in bad_name


def test_an_export_says_what_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep" / "fares"
    assert run(["tariff", "export", "--gtfs-fares-v2", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert f"{folder / 'fare_leg_rules.txt'}: 11 rows" in printed
    assert "What GTFS-Fares v2 cannot say of kr-capital@1:\n  surcharges by distance" in printed
    assert (folder / "fare_products.txt").read_text(encoding="utf-8").startswith("fare_product_id,")
    assert "name a folder" in refused(capsys, "export", "--gtfs-fares-v2", str(folder / "networks.txt"))
