"""What runs here, for operators: version, network, rules, retention. Web level; read only."""

from importlib.metadata import version

from fastapi import APIRouter, Request
from starlette.responses import Response

from server.core.network import Network
from server.ledger.clerk import USE_RECORDS_KEPT_MS
from server.presets import policy_names
from server.protocol import schema_ops as body
from server.web.api_parts import Here, needs_reader, says
from server.web.bodies import answer
from server.web.callers import COOKIE_MAX_AGE_S, reader
from server.web.house import House
from server.web.policy_notes import rules_of

router = APIRouter(tags=["operators"])

DAY_S = 86_400


@router.get(
    "/v1/ops/about",
    responses=says("About", "What runs here.", noes=(401, 403)),
    openapi_extra=needs_reader(),
    response_class=Response,
)
async def about(request: Request, house: Here) -> Response:
    """Tell what runs here: version, network and its days, the policy's numbers with their reasons, what is kept how long."""
    refusal = await reader(house, request)
    if isinstance(refusal, Response):
        return refusal
    policy = house.runtime.engine.policy
    return answer(
        body.About(
            version=version("ridebell"),
            started_ms=house.bell_board.since_ms,
            demo=house.settings.demo,
            network=_network(house.runtime.network),
            policy_name=policy.name,
            policy_version=policy.version,
            policy=rules_of(policy),
            policies=policy_names(),
            retention=_retention(house),
            login=_login(house),
        )
    )


def _network(network: Network) -> dict[str, str | int | None]:
    first, last = network.first_and_last_day() or (None, None)
    return {
        "agency": network.agency_name,
        "version": network.version,
        "hash": network.feed_hash[:12],
        "timezone": network.timezone,
        "first_day": _day(first),
        "last_day": _day(last),
        "routes": len(network.routes),
        "stops": len(network.stops),
        "patterns": network.pattern_count,
        "trips": network.trip_count,
    }


def _day(number: int | None) -> str | None:
    return None if number is None else f"{number // 10_000}-{number // 100 % 100:02}-{number % 100:02}"


def _retention(house: House) -> dict[str, str]:
    """What is kept how long: days, `memory` for what is never written down, `forever` for what nobody deletes."""
    kept = {
        "bells": "forever",
        "profiles": "forever",
        "positions": "memory",
        "rider_positions": "memory",
        "pseudonyms": str(COOKIE_MAX_AGE_S // DAY_S),
    }
    if house.clerk is not None:
        kept["bells"] = kept["profiles"] = str(USE_RECORDS_KEPT_MS // (DAY_S * 1000))
    if house.archive is not None:
        days = house.archive.settings.keep_days
        kept["recordings"] = str(days) if days else "forever"
    return kept


def _login(house: House) -> str:
    return "demo" if house.settings.demo else "oidc" if house.oidc is not None else "token"
