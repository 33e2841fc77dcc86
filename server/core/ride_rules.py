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

    # -- radio (levels in dBm of the loudest beacon in a slot of 5 s) --
    inside_dbm: float = -68.0
    beside_dbm: float = -86.0
    far_dbm: float = -93.0
    inside_sigma_db: float = 6.0
    beside_sigma_db: float = 7.0
    far_sigma_db: float = 6.0
    """Several beacons a bus: the loudest is 1 to 4 m away inside; beside it (a car, a bicycle, the bus behind) 3 to 20 m
    and a window or two; far away, at 50 m and more, only the luckiest arrive. Shadows of bodies change by 5 to 7 dB."""
    heard_inside: float = 0.88
    heard_beside: float = 0.80
    heard_far: float = 0.08
    """Share of slots with the receiver on in which anything of the bus is heard: scans miss one in eight."""
    phone_db: tuple[float, ...] = (-16.0, -8.0, 0.0, 7.0)
    phone_share: tuple[float, ...] = (0.10, 0.30, 0.45, 0.15)
    """How much louder or quieter a phone hears than the usual one, and how many do: chip sets differ by 5 dB, a pocket
    takes 5 to 8, a bag among bodies 10 to 16. One phone keeps its own for a ride."""
    radio_slots: float = 3.0
    """All slots between two stops say at most so many times what their average says: they are not independent."""
    radio_limit: float = 8.0
    """What radio between two stops can say for having been near at most: ids can be played back, and a registry can be wrong."""
    near_limit: float = 4.0
    near_slots: float = 1.5
    """... and of the time near a stop: it is the same evidence again, and others stand there as well."""
    rival_db: float = 12.0
    rival_limit: float = 4.0
    """Another bus that is heard louder by this speaks against this one with the limit: the phone's own faults cancel out."""

    # -- motion --
    clock_sigma_s: float = 1.5
    """How far a phone's clock that was set right may still be off; times the bus's speed it is metres."""
    bus_sigma_m: float = 12.0
    beside_sigma_m: float = 20.0
    """Who is beside the bus is so far from where it reports to be."""
    position_radius_m: float = 250.0
    """Whoever is neither in it nor beside it is anywhere within this when something of it is heard, or farther."""
    motion_limit: float = 9.0
    """What positions between two stops can say at most: a receiver's error lasts a street long."""
    clear_m: float = 50.0
    """So near a stop whoever stands there hears the bus as well: what is heard there says less."""

    # -- standing at the stop --
    stood_m: float = 40.0
    """So near a stop (and the phone's accuracy more) somebody stands at it, while the bus is `stood_clear_m` away."""
    stood_clear_m: float = 150.0
    stood_s: float = 240.0
    """How long before the bus comes, and after it has left, standing there tells of boarding and alighting."""
    stood_weight: float = 3.0
    """Riders stand at their stops (four in five are seen to); who drives or cycles past seldom does (one in twenty)."""
    not_stood_weight: float = 1.5
    """... and who was seen elsewhere all that time is the less likely to have got on, or off, there: one in five against one."""

    walk_mps: float = 2.0
    strayed_weight: float = 4.0
    """Who got off at a stop is within a walk of it when next seen, and so before who got on: twice as fast somebody drives,
    and one in fifty steps out of a bus into another car within that time."""

    # -- silence of the phone itself --
    mute_per_slot: float = 0.35
    mute_before: float = 1.5
    mute_after: float = 3.5
    """A phone that tells nothing at all: against being on board by each slot in which it should have told something, up to
    a limit. Before the first word it may not have woken yet; after the last it may have died (one in thirty)."""

    woken_after_s: float = 40.0
    woken_sigma_s: float = 15.0
    woken_limit: float = 5.0
    """A phone that sleeps on the way is woken when it has lost the beacons (iOS tells it 10 to 30 s after, at the next
    scan): it got off so long before it told again. By how much another stop is worse, at most."""
    asleep_s: float = 60.0
    """A phone that tells nothing for so long, and then that it hears nothing, has been asleep."""

    # -- decision --
    prior_by_hand: float = 4.0
    """Who checks in by hand is on board: one in fifty presses the wrong bus."""
    prior_by_phone: float = -6.0
    """Who hears a bus is not in it: four hundred times people walk, cycle and drive past for one who boards."""
    prior_beside: float = -3.5
    """Who hears a bus goes along with it for a while, beside it: a car in the same lane, a bicycle, the bus behind."""
    prior_near: float = -1.0
    """Who hears a bus stands near one of its stops: one in three, at any one of them."""
    beside_lasts: float = -0.3
    """... and still does after the next stop: three in four."""
    prior_bell: float = 2.0
    """Who rang for this very bus at that stop is likelier to board it."""
    board_here: float = 3.0
    """Who checked in by hand got on at the stop before, if nothing tells otherwise."""
    commit: float = 4.0
    """Log-odds from which a ride is certain (98 %), given the co-motion below. At 2.5 three of 8,177 people who rode behind
    the bus were charged (docs/accuracy-rides.md)."""
    commit_gaps: int = 2
    commit_s: float = 60.0
    """Co-motion that a ride needs in any case: over so many gaps between stops, or for so long (DOMAIN §5)."""
    commit_gaps_by_hand: int = 1
    """... and that of a rider who has checked in by hand: one departure together with the bus."""
    exit: float = 4.0
    """Log-odds of being outside from which a ride has ended."""
    exit_wait_s: float = 90.0
    """The bus must have left the stop by so long: phones report late, and scans miss."""
    late_wait_s: float = 300.0
    """A phone that tells nothing more may be late with it by so long; then its last co-motion decides."""
    charge: float = 0.93
    """Probability of both stops from which a ride is charged without a question."""
    ask: float = 0.8
    """Probability of a ride from which its rider is asked; below, nothing is said."""
    drop_s: float = 900.0
    """A bus that a phone has not heard for this long is no longer thought of."""
