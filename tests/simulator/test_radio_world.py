"""Radios of the simulated town: the air, phones, people; seeded, with the truth for each second."""

from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from server.core.model import RiderId
from server.core.network import Network
from server.core.rides.beacons import BeaconBook
from simulator.radio import settings
from simulator.radio.air import Radio
from simulator.radio.film import Film, shoot
from simulator.radio.fleet import Fleet
from simulator.radio.people import Casting, Kind, Person
from simulator.radio.phone import Handset, Scanning
from simulator.radio.settings import Physics, Profile, load_physics

SECONDS = 1500
SEED = 3


@pytest.fixture(scope="module")
def film(town_network: Network) -> Film:
    start_ms = town_network.day_start_ms("20261123") + 9 * 3_600_000
    return shoot(town_network, seed=SEED, start_ms=start_ms, seconds=SECONDS)


@pytest.fixture(scope="module")
def physics() -> Physics:
    return load_physics()


@pytest.fixture(scope="module")
def casting(film: Film, physics: Physics) -> Casting:
    return Casting(film, physics.riders, physics.passers)


def rng(number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, number])


def phone_of(film: Film, physics: Physics, person: Person, number: int = 0) -> Handset:
    return Handset(film, Fleet(film, physics, SEED), physics, person, rng(number))


# -- numbers ---------------------------------------------------------------------


def test_every_number_names_its_source_and_the_harsh_world_is_no_kinder() -> None:
    usual, harsh = load_physics(), load_physics(Profile.HARSH)
    assert harsh.air.one_metre_dbm < usual.air.one_metre_dbm
    assert harsh.phone.dies > usual.phone.dies
    assert sum((usual.phone.balanced, usual.phone.low_power, usual.phone.ranging)) < 1.0
    assert load_physics(Profile.HARSH).phone.balanced_duty == usual.phone.balanced_duty


def test_a_number_without_a_listed_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = settings.PHYSICS.read_text(encoding="utf-8")
    (tmp_path / "physics.json").write_text(text.replace('"from": "ibeacon"', '"from": "hearsay"'), encoding="utf-8")
    monkeypatch.setattr(settings, "PHYSICS", tmp_path / "physics.json")
    with pytest.raises(ValueError, match="hearsay"):
        load_physics()


# -- the film --------------------------------------------------------------------


def test_halts_are_where_the_bus_really_stood(film: Film) -> None:
    journey = max(film.journeys, key=lambda one: len(one.halts))
    assert len(journey.halts) >= 4
    for halt in journey.halts[1:]:
        stood = film.along[journey.bus, halt.came_s + 1 : halt.left_s]
        assert np.ptp(stood) < 0.5
        assert abs(stood[0] - journey.pattern.visits[halt.visit_index].along_m) < 10.0


def test_a_playback_knows_no_more_than_was_known_then(film: Film) -> None:
    trail = max(film.trails.values(), key=lambda one: len(one.log))
    playback = trail.again()
    half_ms = trail.log[len(trail.log) // 2][0]
    assert playback.until(half_ms)
    assert not playback.until(half_ms)
    known = sum(len(run.calls) for run in playback.runs)
    assert playback.until(film.at_ms(SECONDS + 60))
    assert sum(len(run.calls) for run in playback.runs) > known
    assert playback.run is not None
    assert trail.run is not None
    assert playback.run.calls == trail.run.calls
    assert playback.place(half_ms) == trail.place(half_ms)


# -- people ----------------------------------------------------------------------


def test_a_rider_is_in_the_bus_between_the_two_halts_and_nowhere_else(film: Film, casting: Casting) -> None:
    person = casting.rider(rng(1))
    assert person.ride is not None
    on_s, off_s = person.door_s
    seconds = person.from_s + np.arange(person.seconds)
    inside = (seconds >= on_s) & (seconds < off_s)
    assert ((person.aboard >= 0) == inside).all()
    bus = person.ride.journey.bus
    off_m = np.hypot(person.x - film.x[bus, seconds], person.y - film.y[bus, seconds])
    assert off_m[inside].max() < 6.0
    assert person.ride.board.came_s <= on_s <= person.ride.board.left_s
    assert person.ride.alight.came_s <= off_s <= person.ride.alight.left_s + 3
    assert person.ride.distance_m > 100.0


def test_the_same_seed_gives_the_same_person_and_phone(film: Film, physics: Physics, casting: Casting) -> None:
    one, other = casting.rider(rng(2)), casting.rider(rng(2))
    assert (one.x == other.x).all()
    said = [phone_of(film, physics, person).reports(RiderId("r")) for person in (one, other)]
    assert said[0] == said[1]
    assert said[0]


def test_every_kind_of_passer_comes_and_is_never_aboard(casting: Casting) -> None:
    kinds = set()
    for number in range(400):
        person = casting.passer(rng(number))
        kinds.add(person.kind)
        assert (person.aboard == -1).all()
        assert np.isfinite(person.x).all()
        assert (person.replays is not None) == (person.kind is Kind.REPLAY)
        assert (person.pretends is not None) == (person.kind is Kind.SPOOF)
    assert kinds == set(Kind) - {Kind.RIDER}


def test_a_tailgater_stays_close_behind_as_long_as_the_bus_is_followed(film: Film, physics: Physics) -> None:
    only = replace(
        physics.passers, kerb=0, walker=0, bicycle=0, car=0, bay=0, tailgate=1, replay=0, spoof=0, tail_gaps=4.0
    )
    person = Casting(film, physics.riders, only).passer(rng(5))
    first = slice(person.from_s, person.from_s + 40)
    nearest = np.hypot(film.x[:, first] - person.x[:40], film.y[:, first] - person.y[:40]).min(axis=0)
    assert np.median(nearest) < 60.0
    assert person.shielded.all()


# -- radio -----------------------------------------------------------------------


def test_inside_is_louder_than_beside_and_far_is_silent(film: Film, physics: Physics, casting: Casting) -> None:
    person = casting.rider(rng(1))
    assert person.ride is not None
    bus = person.ride.journey.bus
    riding = np.flatnonzero(person.aboard >= 0)[5:-5]
    works = np.ones(4, np.bool_)
    inside = Radio(film, physics.air, person, 0.0, rng(9)).levels(bus, riding, 3.0, works)
    beside = changed(person, aboard=np.full(person.seconds, -1, np.int16), shielded=np.ones(person.seconds, np.bool_))
    outside = Radio(film, physics.air, beside, 0.0, rng(9)).levels(bus, riding, 3.0, works)
    assert -75.0 < np.nanmedian(np.nanmax(inside, axis=1)) < -55.0
    assert np.nanmedian(inside) - np.nanmedian(outside) > 10.0
    away = changed(person, x=person.x + 400.0)
    assert bus not in Radio(film, physics.air, away, 0.0, rng(9)).near() or len(film.vehicles) > 1
    assert np.isnan(Radio(film, physics.air, away, 0.0, rng(9)).levels(bus, riding[:30], 3.0, works)).mean() > 0.95
    assert np.isnan(Radio(film, physics.air, person, 0.0, rng(9)).levels(bus, riding, 3.0, ~works)).all()


def test_a_fleet_is_found_by_its_registry_and_a_stale_rotating_id_is_not(film: Film, physics: Physics) -> None:
    rotating = Fleet(film, replace(physics, riders=replace(physics.riders, rotating=1.0)), SEED)
    book = BeaconBook(rotating.beacons())
    now_ms = film.at_ms(100)
    found = book.find(rotating.id_at(2, 1, now_ms), now_ms)
    assert found is not None
    assert found.vehicle_id == film.vehicles[2]
    assert book.find(rotating.id_at(2, 1, now_ms - 3_600_000), now_ms) is None
    assert rotating.id_at(2, 1, now_ms) == rotating.id_at(2, 1, now_ms)


def only(physics: Physics, scanning: Scanning, **more: float) -> Physics:
    shares = {kind.value: float(kind is scanning) for kind in Scanning if kind is not Scanning.WOKEN}
    return replace(physics, phone=replace(physics.phone, **shares, **more))


@pytest.mark.parametrize("scanning", list(Scanning))
def test_phones_scan_as_their_systems_let_them(
    film: Film, physics: Physics, casting: Casting, scanning: Scanning
) -> None:
    person = casting.rider(rng(1))
    handset = phone_of(film, only(physics, scanning, no_positions=0.0), person)
    assert handset.scanning is scanning
    memory = handset.note()
    gaps = np.diff(memory.scans)
    assert len(memory.rows) > 10
    assert len(memory.places) > 3
    match scanning:
        case Scanning.LOW_POWER:
            assert gaps.min() > 10.0
        case Scanning.WOKEN:
            assert gaps.max() > 20.0
        case Scanning.BALANCED | Scanning.RANGING:
            assert gaps.max() < 5.1


def test_a_wrong_clock_is_told_with_each_report_and_a_dead_phone_tells_nothing_more(
    film: Film, physics: Physics, casting: Casting
) -> None:
    person = casting.rider(rng(1))
    handset = phone_of(film, only(physics, Scanning.RANGING, offline=0.0, clock_s=60.0, dies=0.0), person)
    reports = handset.reports(RiderId("r"))
    assert [one.received_ms for one in reports] == sorted(one.received_ms for one in reports)
    for one in reports:
        assert one.said.sent_ms is not None
        assert 0 < one.received_ms - one.said.sent_ms + handset.clock_ms <= 3_000
        assert all(beacon.at_ms <= one.said.sent_ms for beacon in one.said.beacons)
    dead = phone_of(film, only(physics, Scanning.RANGING, offline=1.0, dies=1.0), person)
    assert dead.dies_s < person.seconds
    last_ms = film.at_ms(person.from_s + dead.dies_s) + 3_000
    assert all(one.received_ms <= last_ms for one in dead.reports(RiderId("r")))
