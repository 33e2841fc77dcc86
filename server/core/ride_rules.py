"""What an operator may decide about rides, as one frozen record filled from a data file. The lowest level of the core.

Every threshold gives its unit and where it comes from; operators write theirs under `rides` in a policy file.
"""

import msgspec

from server.core.model import RideMode


class RideRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thresholds of check-in, be-in, be-out and undo. Defaults are those of the `physical` policy."""

    mode: RideMode = RideMode.CHECK_IN
    """`check-in`: by hand in, by itself out. `be-in-be-out`: both by themselves. `check-in-check-out`: both by hand."""

    # -- by hand --
    check_in_radius_m: float = 60.0
    """How far from the bus a phone may be that checks in by a bare vehicle id: a bus is 12 m long, phones err 20 to 50 m."""
    check_in_accuracy_limit_m: float = 100.0
    """Of a phone's own accuracy at most this is added: one that says 2 km says nothing."""
    check_in_age_s: float = 60.0
    """A position older than this says nothing of where the phone is now."""
    remerge_s: float = 120.0
    """On the same bus again within this is the same ride: who lets others out stands outside for one stop's dwell."""
    undo_s: float = 900.0
    """How long after its end a ride can be taken back without a word: a quarter of an hour, the walk from the stop."""
    ask_s: float = 86_400.0
    """How long a question waits for its answer; unanswered, the ride is void (a doubt is never charged)."""
    at_stop_s: float = 45.0
    """A rider who checks out so soon after the bus left a stop got off there: finding the phone takes half a minute."""
