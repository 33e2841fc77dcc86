"""Percentiles, thresholds and reports of a load run."""

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from rich.console import Console

from loadtest import __main__ as runner, measures as measures_module
from loadtest.measures import Measures, Summary, Threshold, Thresholds, judge, percentile, read_thresholds
from loadtest.report import make_report, print_report, read_report, write_report

THRESHOLDS = Path(runner.HERE) / "thresholds.json"


def one(**fields: object) -> Thresholds:
    return Thresholds(
        "ridebell-load-thresholds",
        1,
        [Threshold(name="t", why="a test", **fields)],  # type: ignore[arg-type]
    )


SUMMARY = Summary(count=3, mean=2.0, p50=2.0, p95=3.0, p99=3.0, max=3.0)


@given(
    samples=st.lists(st.floats(0, 1e6), min_size=1, max_size=300), percent=st.sampled_from([50.0, 95.0, 99.0, 100.0])
)
def test_percentile_is_the_smallest_sample_that_so_many_do_not_exceed(samples: list[float], percent: float) -> None:
    found = percentile(sorted(samples), percent)
    assert sum(sample <= found for sample in samples) >= len(samples) * percent / 100
    assert sum(sample < found for sample in samples) < len(samples) * percent / 100


def test_samples_are_bounded_and_the_warm_up_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures_module, "SAMPLES_MAX", 3)
    measures = Measures()
    measures.add("ring", 1000.0)
    measures.count("bells")
    measures.forget_samples()
    for value in (3.0, 1.0, 2.0, 99.0):
        measures.add("ring", value)
    assert measures.summaries() == {"ring": SUMMARY}
    assert measures.counts["bells"] == 1


@pytest.mark.parametrize(
    ("threshold", "passed", "value"),
    [
        (one(measure="ring", statistic="p99", at_most=3), True, 3.0),
        (one(measure="ring", statistic="p99", at_most=2.9), False, 3.0),
        (one(measure="ring", statistic="count", at_least=3), True, 3.0),
        (one(measure="lost", statistic="value", at_most=0), True, 0.0),
        (one(measure="lost", statistic="value", at_least=1, at_most=9), False, 0.0),
        (one(measure="never_measured", statistic="p99", at_most=1), False, None),
        (one(measure="never_counted", statistic="value", at_most=1), False, None),
    ],
)
def test_verdicts(threshold: Thresholds, passed: bool, value: float | None) -> None:
    (verdict,) = judge(threshold, {"ring": SUMMARY}, {"lost": 0.0})
    assert (verdict.passed, verdict.value) == (passed, value)


def test_the_shipped_thresholds_can_be_read_and_give_reasons() -> None:
    thresholds = read_thresholds(THRESHOLDS).thresholds
    assert len({threshold.name for threshold in thresholds}) == len(thresholds)
    for threshold in thresholds:
        assert len(threshold.why) > 20
        assert (threshold.at_most is None) != (threshold.at_least is None)
        assert threshold.statistic == "value" or hasattr(SUMMARY, threshold.statistic)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"schema":"other","version":1,"thresholds":[]}',
        '{"schema":"ridebell-load-thresholds","version":2,"thresholds":[]}',
    ],
)
def test_a_bad_thresholds_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json is not a file of load thresholds"):
        read_thresholds(path)


def test_a_report_is_kept_and_shown(tmp_path: Path) -> None:
    verdicts = judge(one(measure="ring", statistic="p99", at_most=1), {"ring": SUMMARY}, {})
    report = make_report(
        asked={"terminals": 5},
        measures={"ring": SUMMARY},
        numbers={"errors": 0.0},
        ends={"served": 2},
        refusals={"too_late": 1},
        verdicts=verdicts,
    )
    path = tmp_path / "reports" / "load.json"
    write_report(report, path)
    assert read_report(path) == report
    assert not report.passed
    assert (json.loads(path.read_text())["schema"], json.loads(path.read_text())["version"]) == (report.schema, 1)
    console = Console(width=120, record=True, file=(tmp_path / "console").open("w"))
    print_report(report, console)
    shown = console.export_text()
    assert "FAILED" in shown
    assert "served" in shown
    console.file.close()


def test_a_url_alone_is_not_enough(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        runner.main(["--url", "http://127.0.0.1:1"])
    assert ended.value.code == 2
    assert "--url needs --data and --network" in capsys.readouterr().err


def test_a_server_that_does_not_start_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["--network", str(tmp_path / "nothing.network"), "--reports", str(tmp_path)]) == 2
    shown = capsys.readouterr().out
    assert "the server did not become ready" in shown
    assert "nothing.network" in shown.replace("\n", "")
