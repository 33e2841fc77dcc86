"""What a push says of a bell: the stop page's own sentences, for the changes worth a buzz in a pocket. Web level; pure."""

from collections.abc import Mapping

from msgspec import UNSET

from server.core.model import BellState, Reason
from server.protocol import messages as wire

Table = Mapping[str, str]


def sentence(message: wire.BellMessage, failed: wire.BellMessage | None, route_name: str, words: Table) -> str | None:
    """Word a change of state as `rider_client/web/stop/story.js` does; None where a phone had better stay silent.

    `failed`: how the last bus passed or declined, which a later one is told together with.
    """
    key = _key(message, failed)
    if key is None:
        return None
    minutes = 0 if message.eta_s is UNSET else message.eta_s // 60
    plate = "" if message.plate is UNSET else message.plate
    return words[key].format(route=route_name, plate=plate, minutes=minutes)


def _key(message: wire.BellMessage, failed: wire.BellMessage | None) -> str | None:
    match message.state:
        case BellState.ASSIGNED if message.attempt > 1:
            soon = message.eta_s is UNSET or message.eta_s < 60
            return f"story.again.{_how(message, failed)}{'.soon' if soon else ''}"
        case BellState.SHOWN | BellState.ARRIVED | BellState.PASSED | BellState.REFUSED:
            return f"story.{message.state}"
        case BellState.DECLINED:
            return f"story.declined.{_declined(message)}"
        case BellState.EXPIRED:
            return f"story.expired{'.no_more_buses' if message.reason is Reason.NO_MORE_BUSES else ''}"
        case _:
            return None


def _how(message: wire.BellMessage, failed: wire.BellMessage | None) -> str:
    if failed is None or failed.attempt != message.attempt - 1:
        return "moved"
    return "passed" if failed.state is BellState.PASSED else _declined(failed)


def _declined(message: wire.BellMessage) -> str:
    return "full" if message.reason is Reason.FULL else "cannot_stop"
