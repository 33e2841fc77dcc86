"""What the papers name exists: commands and their options, make targets, modules, files, tests, messages, metrics."""

import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from typer.core import TyperCommand, TyperGroup

from ridebell.cli import COMMANDS, load
from server.core.model import BellState, Outcome, Reason
from server.protocol import messages

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^]]*]\(([^)#\s]+)[^)]*\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))+`")

papers = pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))


def commands_in(paper: Path) -> Iterator[list[str]]:
    """Every command line of a paper: shell blocks, and inline code that begins with a program of ours."""
    text = paper.read_text(encoding="utf-8")
    for language, block in BLOCK.findall(text):
        if language == "sh":
            yield from (shlex.split(line, comments=True) for line in block.splitlines() if line.strip())
    for code in INLINE.findall(BLOCK.sub("", text)):
        if code.split()[0] in {"ridebell", "make"}:
            yield shlex.split(code)


@papers
def test_commands_exist_with_their_options(paper: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands_in(paper):
        match command:
            case ["make", *rest]:
                wanted = [word for word in rest if "=" not in word]
                assert set(wanted) <= targets, command
            case ["ridebell", names, *rest]:
                for name in names.split("|"):
                    assert name in COMMANDS, command
                    known = {option for param in _asked(load(name), rest).params for option in param.opts}
                    assert {word for word in rest if word.startswith("--")} <= known | {"--help"}, command
            case ["python", "-m", module, *_]:
                assert find_spec(module) is not None, command
            case ["ridebell" | "sqlite3" | "bash", *_]:
                pass
            case _:
                pytest.fail(f"{paper.name}: what is {command}?")


def _asked(command: TyperCommand | TyperGroup, rest: list[str]) -> TyperCommand | TyperGroup:
    """The command that words ask for: of a group, the one that the next word names."""
    if isinstance(command, TyperGroup) and rest:
        asked = command.commands[rest[0]]
        assert isinstance(asked, TyperCommand)
        return asked
    return command


@papers
def test_linked_files_exist(paper: Path) -> None:
    for target in LINK.findall(BLOCK.sub("", paper.read_text(encoding="utf-8"))):
        if "://" not in target:
            assert (paper.parent / target).exists(), target


@papers
def test_files_named_in_code_exist(paper: Path) -> None:
    for code in INLINE.findall(BLOCK.sub("", paper.read_text(encoding="utf-8"))):
        path = code.split("::")[0].rstrip("/")
        if re.fullmatch(
            r"(server|geo|ridebell|tests|docs|simulator|loadtest|driver_terminal|rider_client)(/[\w.-]+)+/?", path
        ):
            assert (ROOT / path).exists(), path


@papers
def test_python_examples_import(paper: Path) -> None:
    for language, block in BLOCK.findall(paper.read_text(encoding="utf-8")):
        if language == "python":
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(node.module or "")
                    assert all(hasattr(module, name.name) for name in node.names)


def test_every_promise_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "GUARANTEES.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        named = TEST.findall(row)
        assert named, row
        for path, name in named:
            functions = {
                node.name
                for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert name in functions, f"{path}::{name}"


def test_the_protocol_page_names_everything_on_the_wire() -> None:
    text = (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
    unions = (
        messages.FromRider | messages.FromTerminal | messages.FromFeed | messages.FromOperator,
        messages.ToRider | messages.ToTerminal | messages.ToFeed | messages.ToOperator,
    )
    for kind in {kind for union in unions for kind in get_args(union)}:
        assert f"`{kind.__struct_config__.tag}" in text, kind
        for field in msgspec.structs.fields(kind):
            assert re.search(rf"\b{field.encode_name}\b", text), (kind, field.encode_name)
    for code in [*Reason, *BellState, *Outcome]:
        assert re.search(rf"\b{code}\b", text), code


def test_operations_explains_every_metric() -> None:
    text = (ROOT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
    source = (ROOT / "server" / "web" / "prometheus.py").read_text(encoding="utf-8")
    for metric in set(re.findall(r'"((?:ridebell|process)_\w+)"', source)):
        assert metric in text, metric


def test_every_command_is_in_a_paper() -> None:
    text = "".join(paper.read_text(encoding="utf-8") for paper in PAPERS)
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", text)


def test_the_two_readmes_show_the_same() -> None:
    """Same pictures, same commands, same links, in both languages."""
    english, korean = ROOT / "README.md", ROOT / "README.ko.md"
    assert list(commands_in(english)) == list(commands_in(korean))

    def links(paper: Path) -> set[str]:
        return set(LINK.findall(paper.read_text(encoding="utf-8"))) - {"README.md", "README.ko.md"}

    assert links(english) == links(korean)


@papers
def test_nothing_private_is_written_down(paper: Path) -> None:
    """No machine's paths, no address of a registry."""
    text = paper.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|Users)/|/work/|pypi\.|registry\.npmjs", text)
