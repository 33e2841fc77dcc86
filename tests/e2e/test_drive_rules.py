"""Every rule of `driver_rules.json` that a drive can show: one simulated drive against the real server, judged rule by rule."""

import json
import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e import drive_screen
from tests.e2e.driven import CITY_HALL, INGYE, STREET, Driven, Look, Record, drive
from tests.e2e.real_server import ServerPlace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

RULES = json.loads((Path(__file__).parent / "driver_rules.json").read_text("utf-8"))["rules"]
KNOWN_AFTER_MS = 2_500
"""A receiver that gives no speed says by its second position that the bus moves."""
BOARDING, NEED = (660, 880), (740, 740, 740)
NOTHING_ELSE_MS = 400
"""A sound so long after a change is not of the change."""
BELL_OFF_MS = 5_000


@pytest.fixture(scope="module")
def driven(browser: Browser, street: Path, tmp_path_factory: pytest.TempPathFactory) -> Driven:
    place = ServerPlace(street / "street.network", street / "vehicles.json", tmp_path_factory.mktemp("drive"))
    with place.serve("--demo") as server:
        return drive(browser, server)


def moving(driven: Driven) -> Iterator[Look]:
    for record in (driven.first, driven.second):
        yield from record.while_moving(known_after_ms=KNOWN_AFTER_MS)


def looks(driven: Driven, of: str = "") -> Iterator[Look]:
    """Looks at both screens, of alerts alone where a class is given."""
    for record in (driven.first, driven.second):
        yield from (one for one in record.looks if of in one["main"].split() or not of)


def silent(record: Record, from_ms: float, to_ms: float) -> bool:
    return record.chimes(from_ms, to_ms) == []


# -- the checks ----------------------------------------------------------------------


def nothing_to_touch_while_moving(driven: Driven) -> None:
    seen = list(moving(driven))
    assert len(seen) > 10
    assert {one["touchable"] for one in seen} == {0}
    assert any(one["touchable"] for one in looks(driven))


def one_line(driven: Driven) -> None:
    alerts = list(looks(driven, "alert"))
    assert alerts
    for one in alerts:
        assert len(one["stop"]) == 1
        assert one["pictograms"] == len(one["wants"]) > 0
        assert all(re.fullmatch(r"\d+승차|\d+하차|휠체어", want) for want in one["wants"])


def next_stop_and_a_chip(driven: Driven) -> None:
    both = [one for one in driven.first.looks if one["chip"]]
    assert any(one["stop"] == [CITY_HALL] and one["chip"] == [f"{INGYE}·1"] for one in both)
    assert all(len(one["chip"]) == 1 for one in both)


def never_a_list(driven: Driven) -> None:
    for one in moving(driven):
        assert len(one["stop"]) + len(one["rest"]) <= 1
        assert len(one["chip"]) <= 1
        assert len(one["wants"]) <= 3


def two_stages(driven: Driven) -> None:
    for record, stop in ((driven.first, CITY_HALL), (driven.second, STREET)):
        mains = [one["main"] for one in record.looks if one["stop"] == [stop]]
        assert mains[0] == "alert"
        assert mains[-1] == "alert alert-now"
    first = first_look(driven.first, stop=[CITY_HALL])
    now = first_look(driven.first, stop=[CITY_HALL], main="alert alert-now")
    assert [melody for _, melody in driven.first.chimes(first["atMs"] - 50, now["atMs"] - 50)] == [BOARDING]


def second_sound_only_if_not_slowing(driven: Driven) -> None:
    left = first_look(driven.first, ended=[f"{CITY_HALL}정차 완료"])["atMs"]
    assert [melody for _, melody in driven.first.chimes(driven.at_ms["tested"], left)] == [BOARDING, BOARDING]
    assert first_look(driven.second, main="alert alert-now")
    assert [melody for _, melody in driven.second.chimes(driven.at_ms["tested"])] == [NEED]


def at_most_two_sounds(driven: Driven) -> None:
    for record in (driven.first, driven.second):
        sounded: dict[str, int] = {}
        for at_ms, _ in record.chimes(driven.at_ms["tested"]):
            stop = [one for one in record.looks if one["atMs"] <= at_ms + 50 and one["stop"]][-1]["stop"][0]
            sounded[stop] = sounded.get(stop, 0) + 1
        assert sounded
        assert max(sounded.values()) <= 2


def changes_are_silent(driven: Driven) -> None:
    counted = 0
    for record in (driven.first, driven.second):
        for before, after in zip(record.looks, record.looks[1:], strict=False):
            same = before["stop"] == after["stop"] != [] and before["main"] == after["main"]
            if same and (before["wants"], before["chip"]) != (after["wants"], after["chip"]):
                counted += 1
                first_at = first_look(record, stop=after["stop"])["atMs"]
                heard = record.chimes(max(after["atMs"], first_at + NOTHING_ELSE_MS), after["atMs"] + NOTHING_ELSE_MS)
                assert heard == []
    assert counted >= 4
    assert [one["frame"]["outcome"] for one in driven.first.heard("clear")].count("cancelled") == 1


def needs_are_never_downgraded(driven: Driven) -> None:
    alerts = [one["wants"] for one in driven.second.looks if one["stop"] == [STREET]]
    assert alerts[0] == ["1승차", "휠체어"]
    assert alerts[-1] == ["2승차", "휠체어"]
    assert all("휠체어" in wants for wants in alerts)
    assert [melody for _, melody in driven.second.chimes(driven.at_ms["tested"])] == [NEED]


def shown_is_said_by_the_screen(driven: Driven) -> None:
    for record in (driven.first, driven.second):
        names = {one["frame"]["alert_id"]: one["frame"]["stop_name"] for one in record.heard("alert")}
        said = record.said("shown")
        assert said
        for shown in said:
            name = names[shown["frame"]["alert_id"]]
            seen = [one for one in record.looks if one["stop"] == [name] or any(name in chip for chip in one["chip"])]
            assert seen[0]["atMs"] <= shown["atMs"]


def answers_only_while_standing(driven: Driven) -> None:
    assert all(one["buttons"] == [] for one in moving(driven))
    standing = [one["buttons"] for one in looks(driven, "alert") if one["buttons"]]
    assert standing
    assert all(len(heights) == 2 and min(heights) >= 96 for heights in standing)


def a_key_answers_while_moving(driven: Driven) -> None:
    answer = driven.second.said("respond")
    assert [(one["frame"]["answer"], one["frame"]["by"]) for one in answer] == [("full", "key")]
    assert any(from_ms < answer[0]["atMs"] < to_ms for from_ms, to_ms in driven.second.moving)
    assert [one["frame"]["outcome"] for one in driven.second.heard("clear")] == ["moved"]
    assert driven.answered in {"declined", "waiting", "assigned", "shown"}, "the bell goes to another bus"


def nothing_to_read_or_scroll_while_moving(driven: Driven) -> None:
    for one in moving(driven):
        assert one["fields"] == 0
        assert one["scrolls"] == 0
        assert len(one["words"].split("\n")) <= 24


def outcomes_are_quiet(driven: Driven) -> None:
    record = driven.first
    tick = first_look(record, ended=[f"{CITY_HALL}정차 완료"])
    after = next(one for one in record.looks if one["atMs"] > tick["atMs"] and one["ended"] == [])
    assert tick["main"] == "ended ended-served"
    assert after["main"] == "rest"
    assert after["atMs"] - tick["atMs"] >= 1_900
    assert silent(record, tick["atMs"], after["atMs"])
    assert any(f"{INGYE} · 통과" in one["given"] for one in record.looks)


def bell_off_within_five_seconds(driven: Driven) -> None:
    for record in (driven.first, driven.second):
        last_word = [
            one["atMs"] for one in record.frames if one["to"] == "page" and one["atMs"] < driven.at_ms["thawed"]
        ][-1]
        off = next(one for one in record.looks if one["bellOff"] and one["atMs"] > driven.at_ms["frozen"])
        assert off["atMs"] - last_word <= BELL_OFF_MS + record.late_ms
        meanwhile = [one for one in record.looks if off["atMs"] <= one["atMs"] <= driven.at_ms["thawed"]]
        assert all(one["bellOff"] for one in meanwhile)
        assert not record.looks[-1]["bellOff"]


def nothing_passed_is_replayed(driven: Driven) -> None:
    frozen_ms = driven.at_ms["frozen"]
    gone = next(one for one in driven.first.looks if one["atMs"] > frozen_ms and one["stop"] != [INGYE])
    assert gone["atMs"] <= driven.at_ms["thawed"] + 100
    later = [one for one in driven.first.looks if one["atMs"] >= gone["atMs"]]
    assert any(one["atMs"] > driven.at_ms["thawed"] and not one["bellOff"] for one in later), "the link came back"
    for one in later:
        assert INGYE not in one["stop"]
        assert not any(INGYE in chip for chip in one["chip"])


def riders_are_not_identified(driven: Driven) -> None:
    assert len(driven.secrets) >= 10
    for record in (driven.first, driven.second):
        told = json.dumps([one for one in record.frames if one["to"] == "page"], ensure_ascii=False)
        told += json.dumps(record.looks, ensure_ascii=False)
        assert [secret for secret in driven.secrets if secret in told] == []


def the_seen_run_is_proposed(driven: Driven) -> None:
    for record in (driven.first, driven.second):
        asked = [one["question"] for one in record.looks if one["question"]]
        assert re.fullmatch(r"88 · \d\d:\d\d 출발 · 광교중앙역 방면 맞습니까\?", asked[0][0])
        run = record.heard("suggestions")[0]["frame"]["runs"][0]
        signed = record.said("sign_on")[0]["frame"]
        assert (signed["trip_id"], signed["start_date"]) == (run["trip_id"], run["start_date"])
        assert record.heard("trip")[0]["frame"]["trip_id"] == run["trip_id"]


def passed_stops_are_never_shown(driven: Driven) -> None:
    tick = first_look(driven.first, ended=[f"{CITY_HALL}정차 완료"])["atMs"]
    for one in driven.first.looks:
        if one["atMs"] > tick:
            assert CITY_HALL not in one["stop"] + one["rest"]
            assert not any(CITY_HALL in chip for chip in one["chip"])
    nothing_passed_is_replayed(driven)


def alerts_survive_a_reload(driven: Driven) -> None:
    reloaded = driven.at_ms["reloaded"]
    again = next(one for one in driven.first.looks if one["atMs"] >= reloaded and one["stop"])
    assert (again["stop"], again["wants"]) == ([CITY_HALL], ["2승차"])
    assert silent(driven.first, reloaded, first_look(driven.first, main="alert alert-now")["atMs"] - 50)


def self_test_at_sign_on(driven: Driven) -> None:
    for record in (driven.first, driven.second):
        signed_ms = record.said("sign_on")[0]["atMs"]
        melodies = [melody for _, melody in record.chimes(signed_ms - 50, driven.at_ms["tested"])]
        assert melodies == [BOARDING, BOARDING[::-1], NEED]
        assert any(one["test"] == ["소리 정상화면 정상화면 켜짐 유지"] for one in record.looks)


def first_look(record: Record, **is_so: object) -> Look:
    """The first look at which the screen was so."""
    return next(one for one in record.looks if all(one[name] == value for name, value in is_so.items()))


CHECKS: dict[str, Callable[[Driven], None]] = {
    check.__name__: check
    for check in (
        nothing_to_touch_while_moving,
        one_line,
        next_stop_and_a_chip,
        never_a_list,
        two_stages,
        second_sound_only_if_not_slowing,
        at_most_two_sounds,
        changes_are_silent,
        needs_are_never_downgraded,
        shown_is_said_by_the_screen,
        answers_only_while_standing,
        a_key_answers_while_moving,
        nothing_to_read_or_scroll_while_moving,
        outcomes_are_quiet,
        bell_off_within_five_seconds,
        nothing_passed_is_replayed,
        riders_are_not_identified,
        the_seen_run_is_proposed,
        passed_stops_are_never_shown,
        alerts_survive_a_reload,
        self_test_at_sign_on,
    )
}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule["on"] == "drive"], ids=lambda rule: rule["check"])
def test_the_drive_keeps_the_rule(driven: Driven, rule: dict[str, str]) -> None:
    CHECKS[rule["check"]](driven)


# -- the table itself ----------------------------------------------------------------


def test_each_check_is_of_a_rule_and_each_rule_has_one() -> None:
    assert {rule["check"] for rule in RULES if rule["on"] == "drive"} == CHECKS.keys()
    assert {rule["check"] for rule in RULES if rule["on"] == "screen"} == drive_screen.CHECKS.keys()
    assert all(rule["rule"] and ("domain" in rule) != ("issue" in rule) for rule in RULES)


@pytest.mark.shared
def test_the_rules_are_the_domains_words_and_all_of_them(shared_dir: Path) -> None:
    text = (shared_dir / "DOMAIN.md").read_text("utf-8")
    section = " ".join(text.partition("## 3. Alert rules (driver)")[2].partition("\n## ")[0].split())
    for rule in RULES:
        if "domain" in rule:
            assert rule["domain"] in section, rule["domain"]
            section = section.replace(rule["domain"], "", 1)
    assert section.strip(string.whitespace + string.digits + string.punctuation) == "", "words that no rule quotes"
