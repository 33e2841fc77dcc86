"""The contracts: checked in as the types have them, valid, and every example fits its schema."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import openapi_spec_validator
import pytest

from server.protocol import messages as wire
from server.protocol.asyncapi import CHANNELS, document
from server.protocol.asyncapi_examples import EXAMPLES
from server.web.api_document import openapi_document

ASYNCAPI = document()
OPENAPI = openapi_document()


@pytest.mark.parametrize(("name", "made"), [("openapi", OPENAPI), ("asyncapi", ASYNCAPI)])
def test_the_checked_in_file_is_current(root: Path, name: str, made: dict[str, Any]) -> None:
    kept = json.loads((root / "docs" / "api" / f"{name}.json").read_text("utf-8"))
    assert kept == json.loads(json.dumps(made)), f"run: ridebell {name} --out docs/api/{name}.json"


def test_openapi_is_valid() -> None:
    openapi_spec_validator.validate(OPENAPI)


def test_every_route_says_what_it_answers() -> None:
    for path, operations in OPENAPI["paths"].items():
        for method, operation in operations.items():
            good = [a for status, a in operation["responses"].items() if status.startswith("2")]
            assert good, (path, method)
            assert operation["summary"]
            assert operation["description"], (path, method)
            for status, no in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert list(no["content"]) == ["application/problem+json"], (path, method, status)


def test_every_message_has_an_example_and_a_sentence() -> None:
    spoken = {t for _, sent, told in CHANNELS.values() for t in (*get_args(sent), *get_args(told))}
    assert spoken == set(EXAMPLES)
    for message in ASYNCAPI["components"]["messages"].values():
        assert message["summary"].endswith(".")
        assert message["examples"]


def test_asyncapi_refers_only_to_what_it_holds() -> None:
    def refs(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [r for value in node.values() for r in refs(value)]
        return [r for value in node for r in refs(value)] if isinstance(node, list) else []

    found = refs(ASYNCAPI)
    assert len(found) > 100
    for ref in found:
        node: Any = ASYNCAPI
        for part in ref.removeprefix("#/").split("/"):
            assert part in node, ref
            node = node[part]


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_every_example_fits_its_schema(kind: type[wire.Message]) -> None:
    schema = {"$ref": f"#/components/schemas/{kind.__name__}", "components": ASYNCAPI["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    for example in EXAMPLES[kind]:
        validator.validate(msgspec.to_builtins(example))
    assert not validator.is_valid({"type": "no such type"})


def test_the_four_sockets_are_where_the_protocol_says() -> None:
    addresses = {channel["address"] for channel in ASYNCAPI["channels"].values()}
    assert addresses == {f"/v1/ws/{role}" for role in ("rider", "terminal", "feed", "operator")}
    assert ASYNCAPI["asyncapi"] == "3.0.0"
