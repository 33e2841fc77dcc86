"""Local times of a tariff: when a version begins, what is early and what is night. Level 1.

A service day begins at the tariff's `service_day_start`, so that a night bus at 02:30 belongs to the evening before.
"""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from server.core.fares.tariff import EarlyBird, Tariff, Transfer, Version

SECOND_MS = 1000


def local(tariff: Tariff, at_ms: int) -> dt.datetime:
    """Tell the local time of a moment. `at_ms` is epoch milliseconds; parts of a second are kept."""
    seconds, thousandths = divmod(at_ms, SECOND_MS)
    moment = dt.datetime.fromtimestamp(seconds, ZoneInfo(tariff.timezone))
    return moment.replace(microsecond=thousandths * 1000)


def begins_ms(tariff: Tariff, since: str) -> int:
    """Tell when a version begins: at the start of its service day, or at the local instant it names."""
    text = since if "T" in since else f"{since}T{tariff.service_day_start}"
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tariff.timezone)).timestamp()) * SECOND_MS


def in_force(tariff: Tariff, versions: Sequence[Version], at_ms: int) -> Version | None:
    """Choose the last version that has begun; None before the first. Versions are in the order of their dates."""
    chosen = None
    for version in versions:
        if begins_ms(tariff, version.since) > at_ms:
            break
        chosen = version
    return chosen


def is_early(tariff: Tariff, early: EarlyBird, at_ms: int) -> bool:
    """Tell whether a boarding is between the start of the service day and the end of the early hours (F15)."""
    at = local(tariff, at_ms).time()
    return dt.time.fromisoformat(tariff.service_day_start) <= at < dt.time.fromisoformat(early.before)


def transfer_window_ms(tariff: Tariff, transfer: Transfer, alighted_ms: int) -> int:
    """Tell how long after an alighting the next boarding still continues the journey (F8)."""
    at = local(tariff, alighted_ms).time()
    begins, ends = dt.time.fromisoformat(transfer.night_from), dt.time.fromisoformat(transfer.night_until)
    ended = at > ends if transfer.night_until_included else at >= ends
    night = (at >= begins or not ended) if begins > ends else (at >= begins and not ended)
    return (transfer.night_window_s if night else transfer.window_s) * SECOND_MS
