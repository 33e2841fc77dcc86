"""`ridebell token` prints a token that the server takes, or the address behind a stop's QR code, and nothing else."""

import asyncio
from pathlib import Path

import pytest

from ridebell.cli import run
from server.core.model import Reason
from server.protocol.tokens import Role, signing_key
from server.web.auth import Identity, OwnKey
from server.web.presence import nonce_is_of


@pytest.fixture(autouse=True)
def _own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RIDEBELL_SECRET", raising=False)


def who(token: str, data: Path) -> Identity | Reason:
    return asyncio.run(OwnKey(signing_key(data, demo=False)).identify(token))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.KIOSK])
def test_a_token_for_each_role(role: Role, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vehicle = ["--vehicle", "12"] if role is Role.TERMINAL else []
    assert run(["token", "--role", role, "--subject", "s-1", *vehicle, "--data", str(tmp_path / "d")]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    identity = who(out.strip(), tmp_path / "d")
    assert isinstance(identity, Identity)
    assert (identity.role, identity.subject, identity.vehicle_id) == (role, "s-1", "12" if vehicle else None)
    assert (tmp_path / "d" / "token.key").stat().st_mode & 0o777 == 0o600


def test_how_long_it_lasts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = []
    for ttl in (60, 6000):
        run(["token", "--role", "rider", "--subject", "s", "--ttl", str(ttl), "--data", str(tmp_path)])
        tokens.append(who(capsys.readouterr().out.strip(), tmp_path))
    short, long = tokens
    assert isinstance(short, Identity)
    assert isinstance(long, Identity)
    assert long.expires_s - short.expires_s == pytest.approx(5940, abs=60)


def test_the_address_of_a_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "--stop", "수원/1", "--base-url", "https://bell.example/", "--data", str(tmp_path)]) == 0
    address = capsys.readouterr().out.strip()
    path, _, nonce = address.partition("?n=")
    assert path == "https://bell.example/s/%EC%88%98%EC%9B%90%2F1"
    assert nonce_is_of(signing_key(tmp_path, demo=False), "수원/1", nonce)


def test_a_kiosk_has_a_token_for_a_button_and_an_address_for_a_tablet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["token", "--kiosk", "수원/1", "--data", str(tmp_path)]) == 0
    button = who(capsys.readouterr().out.strip(), tmp_path)
    assert isinstance(button, Identity)
    assert (button.role, button.subject, button.stop_id) == (Role.KIOSK, "kiosk-수원/1", "수원/1")
    more = ["--subject", "pole-7", "--base-url", "https://bell.example/"]
    assert run(["token", "--kiosk", "수원/1", *more, "--data", str(tmp_path)]) == 0
    page, _, token = capsys.readouterr().out.strip().partition("#")
    assert page == "https://bell.example/kiosk/%EC%88%98%EC%9B%90%2F1"
    tablet = who(token, tmp_path)
    assert isinstance(tablet, Identity)
    assert (tablet.role, tablet.subject, tablet.stop_id) == (Role.KIOSK, "pole-7", "수원/1")


@pytest.mark.parametrize(
    "more", [[], ["--role", "rider"], ["--role", "terminal", "--subject", "t"], ["--role", "kiosk", "--subject", "k"]]
)
def test_what_is_missing_is_said(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", *more, "--data", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_short_secret_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RIDEBELL_SECRET", "short")
    assert run(["token", "--role", "rider", "--subject", "s", "--data", str(tmp_path)]) == 2
    assert "RIDEBELL_SECRET" in capsys.readouterr().err
