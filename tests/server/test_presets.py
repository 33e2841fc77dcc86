"""Presets of policies: data files with a schema and a version, each named after its file."""

from pathlib import Path

import msgspec
import pytest

from server.core.model import RideMode
from server.core.policy import Policy
from server.presets import PolicyError, policy_names, read_policy


def test_the_presets_that_the_field_has_used_are_there() -> None:
    names = ["3-min", "physical", "previous-stop", "second-previous-stop"]
    assert policy_names() == sorted([*names, "be-in-be-out", "check-in-check-out"])
    assert {name: read_policy(name).cutoff for name in names} == {
        "3-min": "minutes",
        "physical": "physical",
        "previous-stop": "previous-stop",
        "second-previous-stop": "second-previous-stop",
    }
    assert {read_policy(name).presence_radius_m for name in policy_names()} == {30.0, 50.0, 100.0}


def test_each_way_of_riding_has_a_preset() -> None:
    modes = {name: read_policy(name).rides.mode for name in policy_names()}
    assert modes["be-in-be-out"] is RideMode.BE_IN_BE_OUT
    assert modes["check-in-check-out"] is RideMode.CHECK_IN_CHECK_OUT
    assert modes["physical"] is RideMode.CHECK_IN


@pytest.mark.parametrize("name", policy_names())
def test_each_file_says_schema_name_and_version(root: Path, name: str) -> None:
    said = msgspec.json.decode((root / "server" / "policies" / f"{name}.json").read_bytes())
    assert said["schema"] == 1
    assert said["name"] == read_policy(name).name == name
    assert said["version"] == read_policy(name).version >= 1


def test_without_a_file_the_rules_are_the_physical_ones() -> None:
    assert read_policy("physical") == Policy()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"schema": 2, "name": "ours"}', "schema"),
        ('{"name": "ours", "cutoff": "whenever"}', "cutoff"),
        ('{"zone_metres": 3}', "zone_metres"),
        ("[]", "ours.json is not a policy"),
    ],
)
def test_a_file_that_is_no_policy_is_refused_by_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "ours.json"
    path.write_text(content)
    with pytest.raises(PolicyError, match=says):
        read_policy(str(path))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(PolicyError, match=", ".join(policy_names())):
        read_policy("three-minutes")
