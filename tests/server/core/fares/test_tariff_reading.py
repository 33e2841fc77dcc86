"""Bad tariff files: everything that is wrong is said, with where, and nothing ever raises."""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, strategies as st

from server.core.fares import reading
from server.core.fares.reading import Flawed, read_tariff
from server.core.fares.tariff import ProductTariff, ZoneTariff
from server.tariff_presets import NoSuchTariffError, TariffError, load_tariff, tariff_names

Data = dict[str, Any]


def text_of(name: str) -> str:
    return files("server").joinpath("tariffs", f"{name}.json").read_text(encoding="utf-8")


def flaws(change: Callable[[Data], object], name: str = "kr-capital") -> list[tuple[str, str]]:
    """Where and what is wrong after a change."""
    data = json.loads(text_of(name))
    change(data)
    result = read_tariff(json.dumps(data).encode())
    assert isinstance(result, Flawed)
    return [(flaw.where, flaw.code) for flaw in result.flaws]


def test_every_tariff_of_ours_is_good_and_every_number_has_its_evidence() -> None:
    assert tariff_names() == ["flat-example", "kr-capital", "zone-example"]
    for name in tariff_names():
        tariff = load_tariff(name)
        assert tariff.name == name
        match tariff:
            case ProductTariff():
                assert all(version.proof.evidence for product in tariff.products for version in product.versions)
            case ZoneTariff():
                assert tariff.sources


def put(*path: str | int, value: object) -> Callable[[Data], None]:
    """Set what is at a path."""

    def change(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


P = ("products", 0)
V = (*P, "versions", 0)


@pytest.mark.parametrize(
    ("change", "where", "code"),
    [
        (put("timezone", value="KST+9"), "$.timezone", "unknown_timezone"),
        (put("timezone", value="../etc/passwd"), "$.timezone", "unknown_timezone"),
        (put("products", 1, "id", value="GG_GENERAL"), "$.products", "twice"),
        (put("classes", value=["adult", "teen", "child", "adult"]), "$.classes", "twice"),
        (put("rules", "F1", "source", value="hearsay"), "$.rules[F1].source", "unknown_source"),
        (put("surcharge", "won", value={"adult": 1, "teen": 1}), "$.surcharge.won", "class_missing"),
        (put("companions", "rider_class", value="child"), "$.companions.rider_class", "paying_companion"),
        (put("companions", "proof", "source", value="?"), "$.companions.proof.source", "unknown_source"),
        (put(*V, "from", value="2025-02-30"), "$.products[0].versions[0].from", "no_date"),
        (put(*P, "versions", 1, "from", value="2019-09-28"), "$.products[0].versions[1].from", "dates_order"),
        (put(*P, "versions", 1, "from", value="2019-09-28T03:00"), "$.products[0].versions[1].from", "dates_order"),
        (put(*V, "won", value={"adult": 1450, "teen": 1}), "$.products[0].versions[0].won", "class_missing"),
        (put(*V, "cash_won", value={"senior": 1}), "$.products[0].versions[0].cash_won", "unknown_class"),
        (put(*V, "early_won", value={"adult": 9999}), "$.products[0].versions[0].early_won.adult", "early_too_much"),
        (put(*V, "proof", "source", value="?"), "$.products[0].versions[0].proof.source", "unknown_source"),
        (
            put(*V, "disputed", value=[{"rider_class": "x", "won": 1, "source": "fare-table"}]),
            "$.products[0].versions[0].disputed[0]",
            "unknown_class",
        ),
        (
            put("products", 10, "single_steps", value=[{"length_m": 5}, {"length_m": 8}]),
            "$.products[10].single_steps",
            "steps_order",
        ),
        (
            put("products", 10, "single_steps", value=[{"length_m": 5, "until_m": 9}]),
            "$.products[10].single_steps",
            "steps_order",
        ),
        (
            put(
                "products",
                10,
                "single_steps",
                value=[{"length_m": 5, "until_m": 9}, {"length_m": 5, "until_m": 8}, {"length_m": 5}],
            ),
            "$.products[10].single_steps",
            "steps_order",
        ),
    ],
)
def test_what_types_cannot_say(change: Callable[[Data], object], where: str, code: str) -> None:
    assert flaws(change) == [(where, code)]


def test_distances_need_a_surcharge() -> None:
    assert {code for _, code in flaws(lambda data: data.pop("surcharge"))} == {"no_surcharge"}


@pytest.mark.parametrize(
    ("change", "where", "code"),
    [
        (put("classes", value=["adult", "adult", "child"]), "$.classes", "twice"),
        (put("fares", "in-town", "won", value={"adult": 5}), "$.fares[in-town].won", "class_missing"),
        (put("rules", 0, "fare", value="gone"), "$.rules[0].fare", "unknown_fare"),
        (put("rules", 0, "boarded", value="dawn"), "$.rules[0].boarded", "unknown_timeframe"),
        (put("rules", 0, "alighted", value="dusk"), "$.rules[0].alighted", "unknown_timeframe"),
    ],
)
def test_what_can_be_wrong_between_places(change: Callable[[Data], object], where: str, code: str) -> None:
    assert flaws(change, "zone-example") == [(where, code)]


def test_everything_wrong_is_said_at_once() -> None:
    def spoil(data: Data) -> None:
        put(*V, "from", value="2025-13-01")(data)
        put(*V, "proof", "source", value="?")(data)
        put("rules", "F2", "source", value="?")(data)

    assert len(flaws(spoil)) == 3


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (put(*V, "won", "adult", value=-1), "$.products[0].versions[0].won[...]"),
        (put(*V, "won", "adult", value=1.5), "$.products[0].versions[0].won[...]"),
        (put(*V, "wonn", value={}), "$.products[0].versions[0]"),
        (put("products", value=[]), "$.products"),
        (put("kind", value="taxi"), "$.kind"),
        (put("schema", value=2), "$.schema"),
        (put("name", value="../x"), "$.name"),
        (put("early_bird", "before", value="25:00"), "$.early_bird.before"),
        (put(*V, "proof", "evidence", value="Z"), "$.products[0].versions[0].proof.evidence"),
    ],
)
def test_what_has_the_wrong_shape(change: Callable[[Data], object], where: str) -> None:
    assert flaws(change) == [(where, "shape")]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"1e999", b'{"kind": "products"}']
)
def test_what_is_no_tariff_at_all(content: bytes) -> None:
    assert isinstance(read_tariff(content), Flawed)


def test_a_file_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    result = read_tariff(b" " * 11)
    assert isinstance(result, Flawed)
    assert result.flaws[0].code == "too_large"


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    assert isinstance(read_tariff(content), Flawed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["kr-capital", "zone-example", "flat-example"]), st.data())
def test_no_change_of_a_good_file_raises(name: str, data: st.DataObject) -> None:
    """One value anywhere in the file becomes any other JSON, or is taken out."""
    whole: Any = json.loads(text_of(name))
    at: Any = whole
    while True:
        keys = sorted(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        deeper = at[key]
        if isinstance(deeper, dict | list) and deeper and data.draw(st.booleans()):
            at = deeper
            continue
        if data.draw(st.booleans()):
            del at[key]
        else:
            at[key] = data.draw(json_values)
        break
    result = read_tariff(json.dumps(whole).encode())
    assert isinstance(result, ProductTariff | ZoneTariff | Flawed)


def test_a_tariff_by_name_or_by_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("tariffs") / "mine.json"
    path.write_text(text_of("flat-example"), encoding="utf-8")
    assert load_tariff(str(path)) == load_tariff("flat-example")
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(TariffError, match=r"mine\.json: \$: shape"):
        load_tariff(str(path))
    with pytest.raises(NoSuchTariffError):
        load_tariff("gold")
    with pytest.raises(FileNotFoundError):
        load_tariff("gold.json")
