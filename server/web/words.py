"""What people read when we say no, in Korean or English. Web level; the words are in `words/*.json`."""

import json
import string
from collections.abc import Mapping
from importlib import resources
from typing import Literal

from server.core.model import Reason

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
Detail = Mapping[str, str | int | float]


def language_of(asked: str | None) -> Language:
    """Choose the language from `hello.lang` or `Accept-Language`; Korean where nothing we speak is asked for.

    >>> language_of("en-GB,en;q=0.9,ko;q=0.8"), language_of("ko-KR"), language_of("fr"), language_of(None)
    ('en', 'ko', 'ko', 'ko')
    """
    wanted: list[tuple[float, Language]] = []
    for part in (asked or "").lower().split(","):
        tag, _, q = part.strip().partition(";q=")
        wanted += [(-_weight(q), language) for language in LANGUAGES if tag.split("-")[0] == language]
    return min(wanted, key=lambda pair: pair[0])[1] if wanted else "ko"


def _weight(q: str) -> float:
    try:
        return float(q or 1.0)
    except ValueError:
        return 0.0


class Words:
    """One sentence or two for each reason and language. Of several, the first whose blanks can all be filled is said."""

    def __init__(self) -> None:
        folder = resources.files("server.web") / "words"
        self._said: dict[Language, dict[str, list[str]]] = {
            language: json.loads((folder / f"{language}.json").read_text("utf-8")) for language in LANGUAGES
        }

    def say(self, reason: Reason, language: Language, detail: Detail | None = None) -> str:
        """Fill the words for a reason with what is known."""
        known = {name: value for name, value in (detail or {}).items() if value not in (None, "")}
        for sentence in self._said[language][reason]:
            if _blanks(sentence) <= known.keys():
                return sentence.format(**known)
        return self._said[language][reason][-1]

    def sentences(self, language: Language) -> Mapping[str, list[str]]:
        """Everything that can be said in a language, by reason."""
        return self._said[language]


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
