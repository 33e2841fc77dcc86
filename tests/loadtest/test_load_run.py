"""A small but whole load run: server, locust, three kinds of clients, reports, exit status."""

import json
from pathlib import Path

import msgspec

from loadtest import __main__ as runner
from loadtest.measures import Threshold, read_thresholds


def test_a_whole_run_and_its_verdict(town_file: Path, tmp_path: Path) -> None:
    """One run, judged twice over: the promises must hold, and one demand that cannot be met must fail it."""
    shipped = read_thresholds(Path(runner.HERE) / "thresholds.json")
    kept = [t for t in shipped.thresholds if t.measure in {"bells_without_end", "displayed_after_stop", "errors"}]
    impossible = Threshold("the impossible", "fixes_sent", "value", "no run of some seconds has so many", at_least=1e9)
    thresholds = tmp_path / "thresholds.json"
    thresholds.write_bytes(msgspec.json.encode(msgspec.structs.replace(shipped, thresholds=[*kept, impossible])))
    command = ["--network", str(town_file), "--terminals", "30", "--riders", "12", "--kiosks", "3", "--seconds", "3"]
    status = runner.main([*command, "--thresholds", str(thresholds), "--reports", str(tmp_path)])
    assert status == 1
    (report_file,) = tmp_path.glob("load-*.json")
    report = json.loads(report_file.read_text())
    assert {verdict["name"]: verdict["passed"] for verdict in report["verdicts"]} == {
        threshold.name: True for threshold in kept
    } | {"the impossible": False}
    assert report["numbers"]["bells_accepted"] > 0
    assert report["numbers"]["server_fixes_taken"] > 0
    (page,) = tmp_path.glob("load-*.html")
    assert "ring_to_answer" in page.read_text()
