"""How often somebody may do something: token buckets in a bounded table. Web level; time is an argument."""

from collections import OrderedDict


class Limiter:
    """One bucket a key: `burst` at once, `per_s` on average. Remembers `max_keys`; the longest unused goes first.

    A forgotten key starts with a full bucket, so the table must be larger than the number of keys in `burst / per_s` seconds.
    """

    def __init__(self, *, per_s: float, burst: float, max_keys: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def allow(self, key: str, now_s: float) -> bool:
        """Take one from the key's bucket; False when it is empty. `now_s` is any clock that never goes back."""
        left, since_s = self._buckets.pop(key, (self._burst, now_s))
        left = min(self._burst, left + (now_s - since_s) * self._per_s)
        allowed = left >= 1.0
        self._buckets[key] = (left - 1.0 if allowed else left, now_s)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return allowed
