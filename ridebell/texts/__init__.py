"""Words of the command line as data, in the language of the locale. Texts live in `en.json` and `ko.json`."""

import functools
import json
import os
from importlib.resources import files


def language() -> str:
    """`ko` where the locale is Korean, else `en` (POSIX order: LC_ALL, LC_MESSAGES, LANG)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"


@functools.cache
def _texts(lang: str) -> dict[str, str]:
    content = json.loads(files(__package__).joinpath(f"{lang}.json").read_text(encoding="utf-8"))
    return {str(key): str(text) for key, text in content["texts"].items()}


def t(key: str, **values: object) -> str:
    """The text of `key` with its `{places}` filled. An unknown key is a defect of ours and raises KeyError."""
    return _texts(language())[key].format(**values)
