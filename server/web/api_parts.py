"""Small parts from which the HTTP routes are declared: who is asked, and which schema an answer has. Web level."""

from typing import Annotated, Any

from fastapi import Depends, Request

from server.protocol.tokens import Role
from server.web.house import House

Responses = dict[int | str, dict[str, Any]]
PROBLEM = "application/problem+json"


def house_of(request: Request) -> House:
    """Give the house whose doors these are."""
    house: House = request.app.state.house
    return house


Here = Annotated[House, Depends(house_of)]


def schema(name: str) -> dict[str, Any]:
    """Refer to a schema by its type's name."""
    return {"$ref": f"#/components/schemas/{name}"}


def says(name: str, description: str, *, status: int = 200, noes: tuple[int, ...] = ()) -> Responses:
    """Declare the answers of a route: one good one and the noes."""
    answers: Responses = {
        status: {"description": description, "content": {"application/json": {"schema": schema(name)}}}
    }
    return answers | _denies(noes)


def done(description: str, *, noes: tuple[int, ...] = ()) -> Responses:
    """Declare the answers of a route whose good one has no body: 204."""
    return {204: {"description": description}, **_denies(noes)}


def _denies(noes: tuple[int, ...]) -> Responses:
    no = {"description": "No, and why.", "content": {PROBLEM: {"schema": schema("Problem")}}}
    return dict.fromkeys(noes, no)


def asks(name: str, *, required: bool = True, media_type: str = "application/json") -> dict[str, Any]:
    """Declare the body of a request."""
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema(name)}}}}


def needs_reader() -> dict[str, Any]:
    """Declare that an operator's or an inspector's token is needed."""
    return {"security": [{"bearer": [Role.OPERATOR.value]}, {"bearer": [Role.INSPECTOR.value]}]}


def needs(role: Role) -> dict[str, Any]:
    """Declare that a token of a role is needed."""
    return {"security": [{"bearer": [role.value]}]}
