"""The small parts of the doors, without a server: outbox, limits, tickets, words, keys and tokens."""

import base64
import json
import stat
import time
from pathlib import Path

import jwt
import pytest
from hypothesis import given, strategies as st

from server.core.model import Reason
from server.protocol import tokens
from server.protocol.tokens import Role, SecretError, make_token, signing_key
from server.web.auth import Identity, OwnKey
from server.web.errors import STATUS
from server.web.limits import Limiter
from server.web.outbox import Outbox
from server.web.presence import nonce_is_of, stop_nonce
from server.web.tickets import Tickets
from server.web.words import LANGUAGES, Words

KEY = b"k" * 32


# -- outbox --------------------------------------------------------------------


class Wire:
    """A transport that takes `room` frames and then asks for a pause."""

    def __init__(self, room: int = 10**9) -> None:
        self.sent: list[bytes] = []
        self.room = room
        self.overflowed = 0
        self.outbox = Outbox(self._send, self._overflow, max_waiting=8)

    def _send(self, frame: bytes) -> None:
        self.sent.append(frame)
        self.room -= 1
        if self.room <= 0:
            self.outbox.pause()

    def _overflow(self) -> None:
        self.overflowed += 1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 3)), max_size=60))
def test_numbered_messages_are_never_dropped_or_reordered_and_the_newest_of_each_key_arrives(
    steps: list[tuple[bool, int, int]],
) -> None:
    wire, numbered, newest = Wire(room=3), [], {}
    for n, (is_numbered, key, room) in enumerate(steps):
        frame = b"%d" % n
        wire.outbox.deliver(frame, seq=n if is_numbered else None, key=str(key))
        if wire.overflowed:
            assert wire.overflowed == 1
            assert len(wire.outbox) == 0
            return
        if is_numbered:
            numbered.append(frame)
        else:
            newest[key] = frame
        if room:
            wire.room = room
            wire.outbox.resume()
        assert len(wire.outbox) <= 8
    wire.room = 10**9
    wire.outbox.resume()
    assert [frame for frame in wire.sent if frame in numbered] == numbered
    assert set(newest.values()) <= set(wire.sent)


def test_an_overflow_is_said_once_and_nothing_is_kept() -> None:
    wire = Wire(room=1)
    for n in range(30):
        wire.outbox.deliver(b"x", seq=n, key="k")
    assert (wire.overflowed, len(wire.outbox)) == (1, 0)
    wire.outbox.resume()
    assert wire.sent == [b"x"]


# -- limits and tickets --------------------------------------------------------


def test_a_bucket_fills_again_with_time() -> None:
    limiter = Limiter(per_s=1.0, burst=2, max_keys=100)
    assert [limiter.allow("a", 0.0) for _ in range(3)] == [True, True, False]
    assert limiter.allow("b", 0.0)
    assert [limiter.allow("a", t) for t in (0.5, 1.6, 1.7)] == [False, True, False]
    assert [limiter.allow("a", 1_000.0) for _ in range(3)] == [True, True, False]


def test_a_limiter_remembers_so_many_keys() -> None:
    limiter = Limiter(per_s=1.0, burst=1, max_keys=10)
    for n in range(1_000):
        limiter.allow(str(n), 0.0)
    assert len(limiter) == 10


def test_a_ticket_is_good_once_and_not_for_long() -> None:
    tickets, rider = Tickets(ttl_s=30.0, max_kept=3), Identity(Role.RIDER, "r", 1e12)
    ticket = tickets.issue(rider, 0.0)
    assert tickets.redeem(ticket, 29.9) == rider
    assert tickets.redeem(ticket, 29.9) is None
    assert tickets.redeem(tickets.issue(rider, 0.0), 30.0) is None
    assert tickets.redeem("nonsense", 0.0) is None
    many = [tickets.issue(rider, 1.0) for _ in range(10)]
    assert len(tickets) == 3
    assert tickets.redeem(many[0], 1.0) is None
    assert tickets.redeem(many[-1], 1.0) == rider


# -- words ---------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words(language: str, reason: Reason) -> None:
    words = Words()
    said = words.say(reason, language)  # type: ignore[arg-type]
    assert said.endswith(".")
    assert "{" not in said
    for sentence in words.sentences(language)[reason]:  # type: ignore[arg-type]
        assert "!" not in sentence
        if language == "ko":
            assert sentence.rstrip(".").endswith(("요", "세요", "{what}")) or "{what}" in sentence


def test_words_are_only_about_reasons_we_have() -> None:
    for language in LANGUAGES:
        assert set(Words().sentences(language)) == set(Reason)


def test_what_is_known_is_said() -> None:
    words = Words()
    assert "240 m" in words.say(Reason.NOT_AT_STOP, "ko", {"stop_name": "시청", "distance_m": 240})
    assert "{" not in words.say(Reason.NOT_AT_STOP, "en", {"stop_name": "시청"})
    assert "{evil}" in words.say(Reason.BAD_MESSAGE, "en", {"what": "{evil}"})


def test_every_status_is_one_a_client_expects() -> None:
    assert set(STATUS.values()) <= {400, 401, 403, 404, 409, 422, 429, 503}


# -- presence ------------------------------------------------------------------


def test_a_nonce_is_of_one_stop_and_one_key() -> None:
    nonce = stop_nonce(KEY, "S1")
    assert nonce_is_of(KEY, "S1", nonce)
    assert not nonce_is_of(KEY, "S2", nonce)
    assert not nonce_is_of(b"x" * 32, "S1", nonce)
    assert not nonce_is_of(KEY, "S1", "")


# -- keys and tokens -----------------------------------------------------------


async def test_a_token_says_who(tmp_path: Path) -> None:
    own = OwnKey(signing_key(tmp_path, demo=False, environment={}))
    now_s = time.time()
    token = own.make(Role.TERMINAL, "bus 7", now_s=now_s, ttl_s=60, vehicle_id="V7")
    identity = await own.identify(token)
    assert isinstance(identity, Identity)
    assert (identity.role, identity.subject, identity.vehicle_id) == (Role.TERMINAL, "bus 7", "V7")
    with pytest.raises(ValueError, match="--vehicle"):
        own.make(Role.TERMINAL, "bus 7", now_s=now_s, ttl_s=60)


def _forged(header: dict[str, str], claims: dict[str, object]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join((*parts, ""))


async def test_what_is_no_token_of_ours_is_nobody() -> None:
    own, later = OwnKey(KEY), int(time.time()) + 600
    good: dict[str, object] = {"sub": "x", "role": "rider", "exp": later}
    bad: list[str] = [
        "",
        "a.b.c",
        _forged({"alg": "none", "typ": "JWT"}, good),
        jwt.encode(good, b"another key, but of thirty-two bytes", algorithm="HS256"),
        jwt.encode(good, b"k" * 64, algorithm="HS512"),
    ]
    wrong: list[dict[str, object]] = [
        {"role": "king"},
        {"role": ["rider"]},
        {"role": None},
        {"sub": ""},
        {"sub": "x" * 200},
        {"exp": int(time.time()) - 100},
        {"role": "terminal"},
        {"role": "terminal", "vehicle_id": 7},
        {"role": "terminal", "vehicle_id": ""},
    ]
    bad += [jwt.encode(good | claims, KEY, algorithm="HS256") for claims in wrong]
    bad += [jwt.encode({k: v for k, v in good.items() if k != name}, KEY, algorithm="HS256") for name in good]
    for token in bad:
        assert await own.identify(token) is Reason.NOT_AUTHENTICATED, token
    assert isinstance(await own.identify(jwt.encode(good, KEY, algorithm="HS256")), Identity)


def test_the_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    first = signing_key(tmp_path / "data", demo=False, environment={})
    path = tmp_path / "data" / tokens.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) >= 32
    assert signing_key(tmp_path / "data", demo=False, environment={}) == first
    assert sorted(p.name for p in path.parent.iterdir()) == [tokens.KEY_FILE]


def test_a_key_others_can_read_or_too_short_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path, demo=False, environment={})
    path = tmp_path / tokens.KEY_FILE
    path.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        signing_key(tmp_path, demo=False, environment={})
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(SecretError, match="too short"):
        signing_key(tmp_path, demo=False, environment={})


def test_a_folder_that_cannot_be_made_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SecretError, match="give this user a directory"):
        signing_key(tmp_path / "file" / "data", demo=False, environment={})


def test_a_secret_of_the_environment(tmp_path: Path) -> None:
    secret = {tokens.SECRET_VARIABLE: "s" * 32}
    assert signing_key(tmp_path, demo=False, environment=secret) == b"s" * 32
    with pytest.raises(SecretError, match="at least 32"):
        signing_key(tmp_path, demo=False, environment={tokens.SECRET_VARIABLE: "short"})
    public = {tokens.SECRET_VARIABLE: tokens.DEMO_SECRET}
    with pytest.raises(SecretError, match="demo secret"):
        signing_key(tmp_path, demo=False, environment=public)
    assert signing_key(tmp_path, demo=True, environment=public) == tokens.DEMO_SECRET.encode()
    assert list(tmp_path.iterdir()) == []


def test_a_made_token_has_the_claims_others_expect() -> None:
    token = make_token(KEY, role=Role.RIDER, subject="r", now_s=1_000.0, ttl_s=60.0)
    claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"verify_exp": False})
    assert claims == {"sub": "r", "role": "rider", "iat": 1_000, "exp": 1_060}
