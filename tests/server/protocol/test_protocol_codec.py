"""Frames that are messages, and frames that are not."""

import json

import msgspec
import pytest
from hypothesis import given, strategies as st

from server.core.model import Reason
from server.protocol import messages as wire
from server.protocol.asyncapi_examples import EXAMPLES
from server.protocol.codec import Codec, Rejected, encode

RIDER: Codec[wire.Message] = Codec(wire.FromRider)
TERMINAL: Codec[wire.Message] = Codec(wire.FromTerminal)


def test_a_message_is_its_type_and_unknown_fields_are_ignored() -> None:
    frame = b'{"type":"watch","stop_id":"S1","of_the_future":[1,{"x":null}]}'
    assert RIDER.decode(frame) == wire.WatchStop(stop_id="S1")


@pytest.mark.parametrize(
    ("frame", "reason", "ref"),
    [
        (b'{"type":"dance","ref":"r1"}', Reason.UNKNOWN_TYPE, "r1"),
        (b'{"type":"fix","at_ms":1,"lat":1,"lon":1}', Reason.UNKNOWN_TYPE, None),  # a terminal's word, not a rider's
        (b'{"type":"ring","bell_id":"x"}', Reason.BAD_MESSAGE, "x"),
        (b'{"type":"cancel","bell_id":7}', Reason.BAD_MESSAGE, None),
        (b'{"type":"cancel","ref":"' + b"x" * 500 + b'"}', Reason.BAD_MESSAGE, None),
        (b'{"type":7}', Reason.BAD_MESSAGE, None),
        (b"{}", Reason.BAD_MESSAGE, None),
        (b"[]", Reason.BAD_MESSAGE, None),
        (b"null", Reason.BAD_MESSAGE, None),
        (b"{", Reason.BAD_MESSAGE, None),
        (b"", Reason.BAD_MESSAGE, None),
        (b"\xff\xfe", Reason.BAD_MESSAGE, None),
        (b"[" * 50_000, Reason.BAD_MESSAGE, None),
        (b'{"type":"watch","stop_id":' + b"[" * 20_000, Reason.BAD_MESSAGE, None),
        (b'{"type":"watch","stop_id":"' + b"x" * 129 + b'"}', Reason.BAD_MESSAGE, None),
    ],
)
def test_what_is_no_message_is_rejected_with_a_reason(frame: bytes, reason: Reason, ref: str | None) -> None:
    rejected = RIDER.decode(frame)
    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.ref) == (reason, ref)
    assert len(rejected.what) <= 200


@pytest.mark.parametrize(
    "change",
    [{"lat": 91}, {"lat": None}, {"lon": -181}, {"at_ms": -1}, {"at_ms": 10**15}, {"speed_mps": -1}, {"doors": "ajar"}],
)
def test_a_position_that_is_none_is_rejected(change: dict[str, object]) -> None:
    fix = {"type": "fix", "at_ms": 1_000, "lat": 37.2, "lon": 127.0}
    assert isinstance(TERMINAL.decode(json.dumps(fix).encode()), wire.Fix)
    assert isinstance(TERMINAL.decode(json.dumps(fix | change).encode()), Rejected)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_it_raise(frame: bytes) -> None:
    RIDER.decode(frame)
    TERMINAL.decode(frame)


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_every_example_goes_through_the_wire_unchanged(kind: type[wire.Message]) -> None:
    for example in EXAMPLES[kind]:
        frame = encode(example)
        assert msgspec.json.decode(frame, type=kind) == example
        assert next(iter(json.loads(frame))) == "type"
