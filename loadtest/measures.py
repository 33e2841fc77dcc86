"""What a load run measured and whether that is good enough. Pure: samples and counts in, verdicts out."""

import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Literal

import msgspec

SAMPLES_MAX = 200_000
"""Samples kept of one measure. When full, further ones are only counted: a minute of 10,000 buses has fewer."""
PERCENTILES = (50.0, 95.0, 99.0)


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One named demand on one number of the run. `why` says where the number comes from."""

    name: str
    measure: str
    statistic: str
    why: str
    at_most: float | None = None
    at_least: float | None = None


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of thresholds."""

    schema: Literal["ridebell-load-thresholds"]
    version: Literal[1]
    thresholds: list[Threshold]


class Summary(msgspec.Struct, frozen=True):
    """One measure in milliseconds."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float


class Verdict(msgspec.Struct, frozen=True):
    """What became of one threshold. `value` None: nothing was measured, which is a failure."""

    name: str
    value: float | None
    demand: str
    passed: bool


def read_thresholds(path: Path) -> Thresholds:
    """Read a thresholds file. Raises ValueError with file and fault."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Thresholds)
    except (OSError, msgspec.MsgspecError) as error:
        msg = f"{path} is not a file of load thresholds: {error}"
        raise ValueError(msg) from error


def percentile(ascending: list[float], percent: float) -> float:
    """Nearest-rank percentile: the smallest sample that at least `percent` of all do not exceed."""
    return ascending[max(0, math.ceil(len(ascending) * percent / 100) - 1)]


class Measures:
    """Collects samples (milliseconds) and counts by name. One thread at a time; the load loop is that thread."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._samples: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, value_ms: float) -> None:
        """A sample."""
        samples = self._samples[name]
        if len(samples) < SAMPLES_MAX:
            samples.append(value_ms)

    def count(self, name: str, by: int = 1) -> None:
        """Something happened."""
        self.counts[name] += by

    def forget_samples(self) -> None:
        """The warm-up is over: what was timed until now does not count. Counts stay: they are about right and wrong."""
        self._samples.clear()

    def summaries(self) -> dict[str, Summary]:
        """Every measure that has samples."""
        return {name: _summary(sorted(samples)) for name, samples in sorted(self._samples.items()) if samples}


def _summary(ascending: list[float]) -> Summary:
    p50, p95, p99 = (percentile(ascending, percent) for percent in PERCENTILES)
    mean = math.fsum(ascending) / len(ascending)
    return Summary(len(ascending), round(mean, 2), round(p50, 2), round(p95, 2), round(p99, 2), round(ascending[-1], 2))


def judge(thresholds: Thresholds, summaries: dict[str, Summary], numbers: dict[str, float]) -> list[Verdict]:
    """Hold a run against the thresholds. `statistic` `value` looks up `numbers`, others a summary."""
    return [_judge(threshold, summaries, numbers) for threshold in thresholds.thresholds]


def _judge(threshold: Threshold, summaries: dict[str, Summary], numbers: dict[str, float]) -> Verdict:
    value: float | None
    if threshold.statistic == "value":
        value = numbers.get(threshold.measure)
    else:
        summary = summaries.get(threshold.measure)
        value = None if summary is None else float(getattr(summary, threshold.statistic))
    parts = []
    if threshold.at_least is not None:
        parts.append(f"≥ {threshold.at_least:g}")
    if threshold.at_most is not None:
        parts.append(f"≤ {threshold.at_most:g}")
    passed = (
        value is not None
        and (threshold.at_least is None or value >= threshold.at_least)
        and (threshold.at_most is None or value <= threshold.at_most)
    )
    return Verdict(
        f"{threshold.name}", value, f"{threshold.measure} {threshold.statistic} {' and '.join(parts)}", passed
    )
