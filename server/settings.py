"""One frozen settings object. Each field: unit, default, and what breaks if it is too small or too large."""

import msgspec


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and rhythms of the runtime."""

    inbox_max: int = 20_000
    """Waiting commands. Too small: riders hear `busy` in a rush; too large: they wait seconds for the same no."""
    batch_max: int = 256
    """Events decided before one journal append. Too small: more commits; too large: the first waits for the last."""
    tick_s: float = 1.0
    """How often time itself is looked at. Too small: idle CPU; too large: silence and expiry are noticed late."""
    latency_window: int = 20_000
    """Samples kept for each published latency. Too small: p99 jumps; too large: it forgets too slowly."""
