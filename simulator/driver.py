"""What the driver of a simulated bus knows and wants: alerts he has read, people he sees, how he drives. One bus, no I/O."""

import math
from dataclasses import dataclass

import numpy as np

from server.core.model import TripKey

VisitKey = tuple[TripKey, int]
"""A visit of a run: trip and service day, and `stop_sequence`."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How drivers are. Shares are 0 to 1.

    `overlooks_alert`: share of displayed alerts that a driver never reads; `sees_people`: share of stops at which he
    notices by himself that somebody waits for his line; `reaction_s`: median time from display to understanding (its
    spread is log-normal); `answers_full`: share of alerts that the driver of a full bus answers with that key.
    """

    overlooks_alert: float = 0.03
    sees_people: float = 0.05
    reaction_s: float = 1.5
    answers_full: float = 0.7


LOOKS_OUT = 0.95
"""Share of stops at which a driver who looks out for people sees them."""
REACTION_SPREAD = 0.4
"""Standard deviation of the logarithm of reaction times (driving simulators find 0.3-0.5)."""
TRAFFIC_TAU_S = 180.0
TRAFFIC_SPREAD = 0.14
TRAFFIC_MEAN = -0.12
"""Traffic lets a bus go at exp(x) of the road's speed; x drifts around the mean and forgets itself in three minutes."""
TRAFFIC_FACTORS = (0.35, 1.08)


EARLY_S = 60.0
"""So far ahead of the timetable a driver is still on time; beyond it he lets the bus roll, and waits where he serves a stop."""
EASE_S = 300.0
SLOWEST_PACE = 0.5
"""Five minutes ahead he drives at half of what the road allows: slower he would be in everybody's way."""


def pace(early_s: float) -> float:
    """Tell the share of the road's speed at which a driver goes who is this much ahead of the timetable."""
    ease = (early_s - EARLY_S) / EASE_S
    return min(1.0, max(SLOWEST_PACE, 1.0 - (1.0 - SLOWEST_PACE) * ease))


class Driver:
    """One driver. `show` and `take_down` are what the terminal's display does; the rest is asked by the bus."""

    def __init__(self, rng: np.random.Generator, habits: Habits) -> None:
        self._rng = rng
        self._habits = habits
        self._read_ms: dict[VisitKey, int | None] = {}
        self._glances: dict[VisitKey, bool] = {}
        self._answered: set[VisitKey] = set()
        self._traffic = float(rng.normal(TRAFFIC_MEAN, TRAFFIC_SPREAD))
        self.looks_out = False
        """The terminal says BELL OFF: he looks for people at every stop, as before there were bells."""

    def show(self, key: VisitKey, at_ms: int) -> None:
        """Display an alert for a visit; he reads it a moment later, or never."""
        if key not in self._read_ms:
            wait_s = self._habits.reaction_s * math.exp(float(self._rng.normal(0.0, REACTION_SPREAD)))
            overlooked = self._rng.random() < self._habits.overlooks_alert
            self._read_ms[key] = None if overlooked else at_ms + round(1000 * wait_s)

    def take_down(self, key: VisitKey) -> None:
        """Remove the alert of a visit from the display."""
        self._read_ms.pop(key, None)

    def expects_somebody(self, key: VisitKey, now_ms: int) -> bool:
        """Tell whether he has read an alert for the visit that is still displayed."""
        read_ms = self._read_ms.get(key)
        return read_ms is not None and read_ms <= now_ms

    def notices_people(self, key: VisitKey) -> bool:
        """Tell whether he looks at the people at a stop; decided once a visit."""
        if key not in self._glances:
            share = max(self._habits.sees_people, LOOKS_OUT) if self.looks_out else self._habits.sees_people
            self._glances[key] = bool(self._rng.random() < share)
        return self._glances[key]

    def answers_full(self, now_ms: int) -> list[VisitKey]:
        """List the alerts that he, standing in a full bus, answers with "full"; each is answered once at most."""
        fresh = [key for key in self._read_ms if key not in self._answered and self.expects_somebody(key, now_ms)]
        self._answered.update(fresh)
        return [key for key in fresh if self._rng.random() < self._habits.answers_full]

    def ends_trip(self) -> None:
        """Forget everything about the trip that is over."""
        self._read_ms.clear()
        self._glances.clear()
        self._answered.clear()

    def traffic(self, dt_s: float) -> float:
        """Share of the road's speed that traffic allows now; a slow random drift (Ornstein-Uhlenbeck)."""
        pull = dt_s / TRAFFIC_TAU_S
        noise = TRAFFIC_SPREAD * math.sqrt(2 * pull) * float(self._rng.normal())
        self._traffic += pull * (TRAFFIC_MEAN - self._traffic) + noise
        low, high = TRAFFIC_FACTORS
        return min(max(math.exp(self._traffic), low), high)
