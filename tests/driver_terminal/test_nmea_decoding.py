"""Positions out of NMEA 0183 sentences and gpsd reports, and a count of everything that is neither."""

import datetime as dt
from functools import reduce

import msgspec
import pytest
from hypothesis import given, strategies as st

from driver_terminal.nmea import GGA_ALONE, KNOT_MPS, METRES_PER_HDOP, Position, PositionDecoder


def sentence(body: str) -> bytes:
    """A sentence with its checksum (NMEA 0183: XOR of everything between $ and *)."""
    return f"${body}*{reduce(lambda a, b: a ^ b, body.encode(), 0):02X}\r\n".encode()


def ms(*moment: int) -> int:
    year, month, day, hour, minute, second = moment
    return round(dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC).timestamp() * 1000)


RMC = "GNRMC,081530.00,A,3715.6000,N,12701.8000,E,019.4,084.4,010326,,,A"
GGA = "GNGGA,081530.00,3715.6000,N,12701.8000,E,1,12,0.8,52.1,M,18.0,M,,"
VTG = "GNVTG,084.4,T,,M,019.4,N,035.9,K,A"


def test_one_cycle_of_a_receiver() -> None:
    decoder = PositionDecoder()
    assert decoder.push(sentence(GGA)) is None
    assert decoder.push(sentence(VTG)) is None
    position = decoder.push(sentence(RMC))
    assert position is not None
    assert (position.at_ms, position.heading_deg) == (ms(2026, 3, 1, 8, 15, 30), 84.4)
    assert position.lat == pytest.approx(37.26)
    assert position.lon == pytest.approx(127.03)
    assert position.speed_mps == pytest.approx(19.4 * KNOT_MPS)
    assert position.accuracy_m == pytest.approx(0.8 * METRES_PER_HDOP)
    assert decoder.counts.positions == 1


def test_south_and_west() -> None:
    position = PositionDecoder().push(sentence("GPRMC,120000,A,3352.000,S,15112.000,W,0.0,,010326,,"))
    assert position is not None
    assert position.lat == pytest.approx(-33.8666667)
    assert position.lon == pytest.approx(-151.2)
    assert position.heading_deg is None


def test_the_same_cycle_from_two_talkers_is_one_position() -> None:
    decoder = PositionDecoder()
    assert decoder.push(sentence(RMC)) is not None
    assert decoder.push(sentence(RMC.replace("GNRMC", "GPRMC"))) is None
    assert decoder.counts.bad == 0


def test_a_receiver_without_rmc() -> None:
    decoder = PositionDecoder()
    positions = []
    for second in range(GGA_ALONE + 2):
        decoder.push(sentence(VTG))
        positions.append(decoder.push(sentence(GGA.replace("081530", f"0815{second:02d}"))))
    given = [position for position in positions if position is not None]
    assert len(given) == 2
    assert given[0].speed_mps == pytest.approx(19.4 * KNOT_MPS)
    assert given[0].at_ms is None, "it never told the date"


@pytest.mark.parametrize(
    "body",
    [
        "GNRMC,081530.00,V,,,,,,,010326,,,N",
        "GNRMC,081530.00,A,3715.6000,N,12701.8000,E,019.4,084.4,010326,,,N",
        "GNRMC,,V,,,,,,,,,,N",
    ],
)
def test_no_fix_is_no_position(body: str) -> None:
    decoder = PositionDecoder()
    assert decoder.push(sentence(body)) is None
    assert (decoder.counts.no_fix, decoder.counts.bad) == (1, 0)


@pytest.mark.parametrize(
    "line",
    [
        sentence(RMC).replace(b"3715", b"3716"),
        sentence(RMC)[:20],
        b"$GNRMC,081530.00,A,3715.6000,N",
        b"\xff\xfe\x00garbage",
        b"$*00",
        b"x" * 5000,
        b"{not json",
        sentence("GNRMC,081530.00,A,9915.6000,N,12701.8000,E,019.4,084.4,010326,,,A"),
        sentence("GNRMC,081530.00,A,3715.6000,N,12701.8000,E,-3.0,084.4,010326,,,A"),
        b'{"class":"TPV","mode":3,"lat":437.26,"lon":127.03}',
    ],
)
def test_bad_lines_are_counted(line: bytes) -> None:
    decoder = PositionDecoder()
    assert decoder.push(line) is None
    assert decoder.counts.bad == 1


def test_other_sentences_and_blank_lines_are_no_harm() -> None:
    decoder = PositionDecoder()
    for body in ("GPGSV,1,1,00", "GPZDA,081530.00,01,03,2026,00,00", "PUBX,00", "XXZZZ,1,2"):
        assert decoder.push(sentence(body)) is None
    assert decoder.push(b"\r\n") is None
    assert (decoder.counts.bad, decoder.counts.lines) == (0, 4)


def test_lost_weeks_are_given_back() -> None:
    """A receiver whose ten-bit week rolled over says July 2006 in March 2026."""
    moment = dt.datetime(2026, 3, 1, 8, 15, 30, tzinfo=dt.UTC) - dt.timedelta(weeks=1024)
    position = PositionDecoder().push(sentence(RMC.replace("010326", moment.strftime("%d%m%y"))))
    assert position is not None
    assert position.at_ms == ms(2026, 3, 1, 8, 15, 30)


def test_a_gpsd_report() -> None:
    report = {
        "class": "TPV",
        "device": "/dev/ttyUSB0",
        "mode": 3,
        "time": "2026-03-01T08:15:30.000Z",
        "lat": 37.26,
        "lon": 127.03,
        "speed": 9.5,
        "track": 84.4,
        "eph": 6.2,
        "altHAE": 52.0,
    }
    decoder = PositionDecoder()
    assert decoder.push(b'{"class":"VERSION","release":"3.25"}') is None
    assert decoder.push(msgspec.json.encode(report)) == Position(
        lat=37.26, lon=127.03, at_ms=ms(2026, 3, 1, 8, 15, 30), speed_mps=9.5, heading_deg=84.4, accuracy_m=6.2
    )
    assert decoder.push(b'{"class":"TPV","mode":1}') is None
    assert (decoder.counts.no_fix, decoder.counts.bad) == (1, 0)


@given(st.binary(max_size=120))
def test_no_bytes_do_harm(line: bytes) -> None:
    PositionDecoder().push(line)


FIELD = st.sampled_from(
    ["", "A", "V", "N", "E", "1", "3715.6", "12701.8", "081530.00", "250060", "999999", "x", "-1", "1e9"]
)


@given(kind=st.sampled_from(["RMC", "GGA", "VTG", "ZDA"]), fields=st.lists(FIELD, max_size=16))
def test_no_well_formed_nonsense_does_harm(kind: str, fields: list[str]) -> None:
    decoder = PositionDecoder()
    for _ in range(GGA_ALONE + 1):
        position = decoder.push(sentence(",".join([f"GN{kind}", *fields])))
        assert position is None or (abs(position.lat) <= 90 and abs(position.lon) <= 180)
