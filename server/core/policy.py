"""What an operator may decide about bells, as one frozen record filled from a data file. Level 1 of the core.

Every field gives its unit, its default and where the default comes from. Named presets live in `server/policies/`.
"""

from typing import Literal

import msgspec

from server.core.ride_rules import RideRules

POLICY_SCHEMA = 1


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thresholds of tracking, approach, dispatch and bells. Defaults are the `physical` preset."""

    schema: Literal[1] = 1
    name: str = "physical"
    version: int = 1
    """Counted up by whoever changes a value, so that a record can say which rules it was decided under."""

    # -- who may ring (DOMAIN §2: 30, 50 and 100 m have all been used; ours is 100 m plus reported accuracy) --
    presence_radius_m: float = 100.0
    presence_accuracy_limit_m: float = 150.0
    presence_required: bool = True
    gone_m: float = 200.0
    """A rider who rang and is then seen farther from the stop than this, beyond what the phone may err, has walked away:
    twice the radius within which one may ring, so that who waits in a shop nearby keeps the bell."""
    gone_s: float = 10.0
    """... in two reports at least so far apart: one position of a phone between houses may be wrong."""
    one_bell_per_rider: bool = True
    ring_horizon_s: float = 5_400.0
    """A bell is refused `not_in_service` when no bus is due at the visit within this time (1.5 h: a patient wait)."""

    # -- commit point (DOMAIN §2) --
    a_comfort_mps2: float = 1.0
    t_react_s: float = 2.0
    t_deliver_s: float = 1.0
    cutoff: Literal["physical", "previous-stop", "second-previous-stop", "minutes"] = "physical"
    cutoff_s: float = 180.0

    # -- alerts (DOMAIN §3) --
    alert_lead_s: float = 25.0
    """An alert goes out this long before its commit point even if the stop is not the next one yet (short gaps)."""
    now_lead_s: float = 6.0
    """The `now` stage starts this long before the commit point, so that it never comes after it at 1–5 s periods."""

    # -- stop zone and stand test (DOMAIN §2: ≥ 8 s inside ±30 m, or doors, or under 1 m/s) --
    zone_m: float = 30.0
    leave_m: float = 45.0
    stand_s: float = 8.0
    stand_speed_mps: float = 1.0
    roll_mps: float = 3.0
    """A bus that says with each report in the zone that its doors are closed and that it is at least so fast (a run) has
    not stood, however long the zone took it; a speed that no bus reaches lets the time alone decide."""

    # -- fixes (DOMAIN §4) --
    fix_stale_s: float = 120.0
    fix_future_s: float = 30.0
    max_speed_mps: float = 36.0
    """130 km/h: faster between two fixes means that one of them is wrong (expressways allow buses 110 km/h)."""
    jump_slack_m: float = 120.0
    off_route_m: float = 200.0
    off_route_fixes: int = 2
    reanchor_fixes: int = 3
    sure_confidence: float = 0.5
    """A place believed less than this is a guess between two: nothing is asserted from it, nobody is promised by it."""
    stale_s: float = 40.0
    """A position older than this is shown with its age and counts as uncertain (most terminals report every 35 s)."""
    silent_s: float = 180.0
    """A bus silent this long is given no new bell, and loses those its driver has not seen."""
    terminal_grace_s: float = 15.0
    extrapolate_s: float = 60.0

    # -- ends --
    passed_margin_m: float = 60.0
    bell_max_age_s: float = 7_200.0
    ended_kept: int = 20_000

    # -- rides (DOMAIN §5) --
    rides: RideRules = RideRules()
