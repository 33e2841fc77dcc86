"""A real HTTP and WebSocket server that plays PROTOCOL.md line by line, so that a test can put a page into any state.

The journeys of `test_journey_*` run against `ridebell serve`; this server is for states which a real one reaches only
after minutes (a stale bus, the last bus, a pass-by) and for faults that a real one never makes.
"""

import asyncio
import html
import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

ROOT = Path(__file__).resolve().parents[2]
STATIC = {
    "shared": ROOT / "rider_client" / "web" / "shared",
    "rider": ROOT / "rider_client" / "web",
    "driver": ROOT / "driver_terminal" / "web",
    "ops": ROOT / "server" / "ops_console",
}
NUMBERED = {"alert", "clear", "bell", "ride", "trip"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'"
WAIT_S = 15.0

Frame = dict[str, Any]


class _Server(uvicorn.Server):
    """Says when it takes requests."""

    def __init__(self, config: uvicorn.Config, news: threading.Condition) -> None:
        super().__init__(config)
        self._news = news

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        with self._news:
            self._news.notify_all()


class ScriptedServer:
    """Answers tickets and hellos by itself; all else is what the test tells it to say. Use as a context manager."""

    def __init__(self, *, heartbeat_s: int = 10) -> None:
        self.heartbeat_s = heartbeat_s
        self.boot: Frame = {}
        self.routes: list[Frame] = []
        self.files: dict[str, Frame] = {}
        """Answers of `GET /v1/…` that a test needs beside those of the protocol's own pages, by path: "v1/outline"."""
        self.bell: Frame = {}
        """What `/v1/bells` says of every bell."""
        self.snapshots: dict[str, Callable[[], Frame | None]] = {}
        self.recover = False
        self.tokens: set[str] | None = None
        self.closed_doors = False
        self.mute = False
        self.lost = False
        """For a test's own use in its snapshots: whether something happened while the page was away."""
        self.tickets: list[Frame] = []
        self._seq: dict[str, int] = {}
        self._sockets: dict[str, WebSocket] = {}
        self._heard: dict[str, deque[Frame]] = {}
        self._news = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- life --------------------------------------------------------------------

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_level="error", ws="websockets-sansio", lifespan="off")
        self._server = _Server(config, self._news)
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        with self._news:
            assert self._news.wait_for(lambda: self._server.started, WAIT_S)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(WAIT_S)

    def _run(self, listener: socket.socket) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[listener])

        asyncio.run(serve())

    # -- what a test does ----------------------------------------------------------

    def tell(self, role: str, frame: Mapping[str, Any]) -> None:
        """Say one frame to the newest socket of a role, once there is one; numbered messages get the next number."""
        told = dict(frame)
        with self._news:
            assert self._news.wait_for(lambda: role in self._sockets, WAIT_S), f"no {role} is connected"
        if told["type"] in NUMBERED:
            told["seq"] = self._seq[role] = self._seq.get(role, 0) + 1
        self._on_loop(role, lambda ws: ws.send_text(json.dumps(told)))

    def skip(self, role: str, count: int) -> None:
        """Leave out numbers, or (below zero) give them again."""
        self._seq[role] = self._seq.get(role, 0) + count

    def close(self, role: str, code: int) -> None:
        """Close the newest socket of a role."""
        self._on_loop(role, lambda ws: ws.close(code))

    def hear(self, role: str, kind: str, **fields: object) -> Frame:
        """The next frame of this kind (and these fields) that a role said; waits for it."""
        found: list[Frame] = []

        def look() -> bool:
            heard = self._heard.setdefault(role, deque())
            for frame in heard:
                if frame["type"] == kind and all(frame.get(k) == v for k, v in fields.items()):
                    heard.remove(frame)
                    found.append(frame)
                    return True
            return False

        with self._news:
            assert self._news.wait_for(look, WAIT_S), (
                f"no {kind} {fields} from {role}: {list(self._heard.get(role, ()))}"
            )
        return found[0]

    def heard(self, role: str, kind: str) -> list[Frame]:
        """All frames of a kind not yet taken by `hear`."""
        with self._news:
            return [frame for frame in self._heard.get(role, ()) if frame["type"] == kind]

    def _on_loop(self, role: str, act: Callable[[WebSocket], Any]) -> None:
        loop = self._loop
        assert loop is not None
        with self._news:
            assert self._news.wait_for(lambda: role in self._sockets, WAIT_S), f"no {role} is connected"
            ws = self._sockets[role]
        asyncio.run_coroutine_threadsafe(act(ws), loop).result(WAIT_S)

    # -- HTTP ----------------------------------------------------------------------

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/s/{stop_id}", self._stop_page("stop.html")),
                Route("/kiosk/{stop_id}", self._stop_page("kiosk.html")),
                Route("/ride", self._stop_page("ride.html")),
                Route("/v1/bells", self._ring, methods=["POST"]),
                Route("/v1/bells/{bell_id}", self._bell),
                Route("/drive", lambda _: _page(ROOT / "driver_terminal" / "web" / "drive.html")),
                Route("/ops", lambda _: _page(ROOT / "server" / "ops_console" / "ops.html")),
                Route("/drive/keys.json", lambda _: FileResponse(ROOT / "driver_terminal" / "web" / "keys.json")),
                Route("/v1/ws-ticket", self._ticket, methods=["POST"]),
                Route("/v1/session", self._session, methods=["POST"]),
                Route("/v1/routes", lambda _: JSONResponse({"routes": self.routes})),
                Route("/v1/routes/{route_id}", self._route),
                Route("/v1/{path:path}", self._file),
                *(Mount(f"/static/{name}", StaticFiles(directory=folder)) for name, folder in STATIC.items()),
                WebSocketRoute("/v1/ws/{role}", self._socket),
            ]
        )

    def _stop_page(self, name: str) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            text = (ROOT / "rider_client" / "web" / name).read_text(encoding="utf-8")
            values = {
                "lang": request.query_params.get("lang", "ko"),
                "title": f"{self.boot['stop_name']} · 승차벨",
                "stop_name": self.boot["stop_name"],
                "stop_code": self.boot["stop_code"],
                "towards": self.boot["towards"],
                "arrivals_rows": "",
            }
            for blank, value in values.items():
                text = text.replace(f"<!--ridebell:{blank}-->", html.escape(value))
            text = text.replace("<!--ridebell:boot_json-->", json.dumps(self.boot).replace("<", "\\u003c"))
            text = re.sub("<!--ridebell:[a-z_]+-->", "", text)
            return HTMLResponse(text, headers={"content-security-policy": POLICY})

        return page

    async def _ring(self, request: Request) -> Response:
        asked = await request.json()
        self._take("http", {"type": "ring", **asked})
        return JSONResponse(self.bell | {"bell_id": asked["bell_id"]}, status_code=201)

    async def _bell(self, request: Request) -> Response:
        return JSONResponse(self.bell | {"bell_id": request.path_params["bell_id"]})

    async def _ticket(self, request: Request) -> Response:
        self.tickets.append(await request.json())
        if self.closed_doors:
            return Response(status_code=503)
        if self.tokens is not None and request.cookies.get("session") not in self.tokens:
            return JSONResponse({"reason": "not_authenticated"}, status_code=401)
        return JSONResponse({"ticket": f"t{time.monotonic_ns()}", "expires_in_s": 30})

    async def _route(self, request: Request) -> Response:
        return JSONResponse(next(r for r in self.routes if r["route_id"] == request.path_params["route_id"]))

    async def _file(self, request: Request) -> Response:
        file = self.files.get(f"v1/{request.path_params['path']}")
        return JSONResponse(file) if file is not None else JSONResponse({"title": "not here"}, status_code=404)

    async def _session(self, request: Request) -> Response:
        token = (await request.json())["token"]
        if self.tokens is not None and token not in self.tokens:
            return JSONResponse({"reason": "not_authenticated"}, status_code=401)
        response = Response(status_code=204)
        response.set_cookie("session", token, httponly=True, samesite="strict")
        return response

    # -- sockets -------------------------------------------------------------------

    async def _socket(self, ws: WebSocket) -> None:
        role = ws.path_params["role"]
        if self.closed_doors:
            await ws.close(1013)
            return
        await ws.accept()
        hello = await ws.receive_json()
        self._take(role, hello)
        resume = hello.get("resume")
        recovered = self.recover and resume is not None
        snapshot = None if recovered else self.snapshots.get(role, lambda: None)()
        welcome = {
            "type": "welcome",
            "epoch": "e1",
            "seq": self._seq.get(role, 0),
            "recovered": recovered,
            "server_at_ms": round(time.time() * 1000),
            "heartbeat_s": self.heartbeat_s,
            "snapshot": snapshot,
        }
        await ws.send_json(welcome)
        with self._news:
            self._sockets[role] = ws
            self._news.notify_all()
        beats = asyncio.create_task(self._beat(ws))
        try:
            while True:
                self._take(role, await ws.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            beats.cancel()
            with self._news:
                if self._sockets.get(role) is ws:
                    del self._sockets[role]

    async def _beat(self, ws: WebSocket) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_s)
            if not self.mute:
                await ws.send_json({"type": "beat"})

    def _take(self, role: str, frame: Frame) -> None:
        with self._news:
            heard = self._heard.setdefault(role, deque(maxlen=2000))
            heard.append(frame)
            self._news.notify_all()


def _page(path: Path) -> Response:
    return HTMLResponse(path.read_text(encoding="utf-8"), headers={"content-security-policy": POLICY})
