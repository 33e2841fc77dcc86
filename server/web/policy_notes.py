"""The numbers of a policy with what the source says of each: purpose, unit and where it is from. Web level; read once."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache

import msgspec

from server.core.policy import Policy
from server.protocol.schema_ops import Rule

NAMES = frozenset({"schema", "name", "version"})
"""What says which policy it is, not what it wants."""


def rules_of(policy: Policy) -> list[Rule]:
    """Every number of a policy beside its default; those of a nested record as `record.field`."""
    return list(_rules(policy, Policy(), ""))


def _rules(policy: msgspec.Struct, default: msgspec.Struct, before: str) -> Iterator[Rule]:
    said = _notes(type(policy))
    for name in policy.__struct_fields__:
        value, usual = getattr(policy, name), getattr(default, name)
        if isinstance(value, msgspec.Struct):
            yield from _rules(value, usual, f"{before}{name}.")
        elif name not in NAMES and isinstance(value, str | int | float | bool):
            yield Rule(name=before + name, value=value, default=usual, source=said.get(name, ""))


@cache
def _notes(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What stands below each field in the source, and the heading of its group where nothing does."""
    text = inspect.getsource(kind)
    lines, (body,) = text.splitlines(), ast.parse(text).body
    assert isinstance(body, ast.ClassDef)
    notes: dict[str, str] = {}
    for i, node in enumerate(body.body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            after = body.body[i + 1] if i + 1 < len(body.body) else None
            notes[node.target.id] = _sentence(after) or _heading(lines[: node.lineno])
    return notes


def _sentence(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _heading(lines: list[str]) -> str:
    """The nearest `# -- heading --` above."""
    headings = [line.strip(" #-") for line in lines if line.strip().startswith("# -- ")]
    return headings[-1] if headings else ""
