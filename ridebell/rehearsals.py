"""`ridebell corpus` over real sockets: to servers of our own, or to one that runs already. Joins rooms; no rules."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx

from ridebell.refusal import Refusal
from ridebell.texts import t
from server.corpus import schedule_of
from server.protocol.scenario import Result, Scenario, Verdict
from server.protocol.tokens import Role, SecretError, make_token, signing_key
from server.web.presence import stop_nonce
from simulator.rehearsal.house import House, rehearse
from simulator.rehearsal.play import ClockElsewhereError, Stage, perform

REHEARSAL_RATE = 20.0
"""A scenario of three minutes takes ten seconds; one fix a second is twenty, well under a terminal's 40 frames a second."""
TOKEN_TTL_S = 3_600


def rehearse_at_home(scenarios: list[Scenario], *, rate: float) -> list[Verdict]:
    """Play each scenario to a `ridebell serve` of its own, started in the scenario's day."""

    def stage_of(url: str, data: Path) -> Stage:
        return _stage(url, signing_key(data, demo=False), rate)

    return asyncio.run(rehearse(scenarios, House(stage_of, schedule_of, rate), Random()))


def rehearse_abroad(scenarios: list[Scenario], url: str, *, rate: float, data: Path | None) -> list[Verdict]:
    """Play scenarios one after the other to a server that runs; those that its clock does not fit are not applicable."""
    try:
        stage = _demo_stage(url, rate) if data is None else _stage(url, signing_key(data, demo=False), rate)
    except SecretError as error:
        raise Refusal(str(error)) from error

    async def play() -> list[Verdict]:
        return [await _abroad(scenario, stage) for scenario in scenarios]

    return asyncio.run(play())


async def _abroad(scenario: Scenario, stage: Stage) -> Verdict:
    if scenario.policy is not None or scenario.vehicles is not None:
        why = "it has a policy or a registry of its own; start a server with it, or use --serve"
        return Verdict(scenario, Result.NOT_APPLICABLE, (why,))
    try:
        return await perform(scenario, stage, Random())
    except ClockElsewhereError as error:
        return Verdict(scenario, Result.NOT_APPLICABLE, (str(error),))


def _stage(url: str, key: bytes, rate: float) -> Stage:
    async def token_of(role: Role, subject: str, vehicle_id: str | None) -> str:
        return make_token(key, role=role, subject=subject, now_s=time.time(), ttl_s=TOKEN_TTL_S, vehicle_id=vehicle_id)

    return Stage(url=url, token_of=token_of, nonce_of=lambda stop_id: stop_nonce(key, stop_id), rate=rate)


def _demo_stage(url: str, rate: float) -> Stage:
    """A server whose key we do not know hands out tokens in demo mode."""
    parts = urlsplit(url)
    door = f"{ {'ws': 'http', 'wss': 'https'}.get(parts.scheme, parts.scheme) }://{parts.netloc}/v1/token"
    return Stage(url=url, token_of=_asking(door), nonce_of=None, rate=rate)


def _asking(door: str) -> Callable[[Role, str, str | None], Awaitable[str]]:
    async def token_of(role: Role, subject: str, vehicle_id: str | None) -> str:
        asked: dict[str, object] = {"role": role.value, "subject": subject, "ttl_s": TOKEN_TTL_S}
        if vehicle_id is not None:
            asked["vehicle_id"] = vehicle_id
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.post(door, json=asked)
        except httpx.HTTPError as error:
            raise Refusal(t("corpus.no_server", url=door, why=str(error) or type(error).__name__)) from error
        if answer.status_code != httpx.codes.OK:
            raise Refusal(t("corpus.no_token", url=door, status=answer.status_code))
        return str(answer.json()["token"])

    return token_of
