"""Every back end that must keep the contract in `server.ports`, opened, closed and opened again by the tests here."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from server.backends.embedded import open_embedded
from server.ports import Analysis, Journal, Relay


class Backend(Protocol):
    """What the tests use of an opened back end."""

    @property
    def journal(self) -> Journal: ...

    @property
    def analysis(self) -> Analysis: ...

    @property
    def relay(self) -> Relay: ...

    async def aclose(self) -> None: ...


@dataclass
class BackendKind:
    """A kind of back end whose data live at one place, so that a test can open it again."""

    name: str
    open: Callable[[Path], Awaitable[Backend]]


KINDS = [BackendKind("embedded", open_embedded)]


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> BackendKind:
    found: BackendKind = request.param
    return found


@pytest.fixture
async def backend(kind: BackendKind, tmp_path: Path) -> AsyncIterator[Backend]:
    opened = await kind.open(tmp_path)
    yield opened
    await opened.aclose()
