"""Where the buses are, for all watching operators: rows as they change, places once a second. Web level; no rider here."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from server.core.effects import VehicleView
from server.core.model import VehicleId
from server.protocol import messages as wire
from server.protocol.codec import encode
from server.runtime import Runtime

log = logging.getLogger(__name__)

REFRESH_S = 1.0
ELSEWHERE_TICKS = 5
"""Buses that are not on a watcher's screen are told once in so many looks; its list stays true to that many seconds."""
CHUNK = 400
"""Buses looked at before others get a turn: 1.5 ms (3.5 µs each, measured with 10,300)."""
ROWS_A_FRAME = 500
"""About 200 KB; a watcher that reads slowly is given the next when it has taken this one."""
E5 = 100_000

Bbox = tuple[float, ...]
"""West, south, east, north in degrees."""


class Watcher(Protocol):
    """An operator's connection."""

    @property
    def clear(self) -> bool:
        """Whether a frame given now is written at once."""
        ...

    def deliver(self, frame: bytes, *, seq: int | None, key: str) -> None:
        """Take a frame."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a watcher wants of the fleet; see `messages.WatchTopic`."""

    route_id: str | None = None
    moves: bool = False
    bbox: Bbox | None = None
    focus_route_id: str | None = None


class _RawVehicles(msgspec.Struct, tag="vehicles", kw_only=True, omit_defaults=True):
    """`messages.Vehicles` whose rows are encoded already."""

    at_ms: int
    full: bool
    vehicles: list[msgspec.Raw]
    gone: list[VehicleId] = []


class _Cell:
    """One bus as last looked at. `moved` is the number of the look that found it at another place or time."""

    __slots__ = ("lat_e5", "lon_e5", "moved", "n", "raw", "view")

    def __init__(self, n: int) -> None:
        self.n = n
        self.moved = 0
        self.raw: msgspec.Raw | None = None
        self.view: VehicleView
        self.lat_e5 = self.lon_e5 = 0

    def put(self, view: VehicleView, look: int) -> None:
        self.view, self.moved, self.raw = view, look, None
        self.lat_e5, self.lon_e5 = round(view.lat * E5), round(view.lon * E5)


class Watch:
    """One watcher: its wish, and the rows that it has not been given yet (no more than there are buses)."""

    __slots__ = ("_board", "behind", "due", "full", "gone", "told", "watcher", "wish")

    def __init__(self, board: "VehicleBoard", watcher: Watcher, wish: Wish) -> None:
        self._board = board
        self.watcher = watcher
        self.wish = wish
        self.full = True
        """The next frame replaces all that the watcher has."""
        self.due: dict[VehicleId, None] = {}
        self.gone: dict[VehicleId, None] = {}
        self.told = 0
        """The look up to which it knows the places of what is on its screen."""
        self.behind = False
        """It was given no places at the last look, being slow."""

    def change(self, wish: Wish) -> None:
        """Look elsewhere. That begins anew, but not for another part of the map or another route in focus."""
        anew = not wish.moves or (wish.route_id, wish.moves) != (self.wish.route_id, self.wish.moves)
        self.wish = wish
        self.told -= ELSEWHERE_TICKS
        if anew:
            self._board.renew(self)

    def end(self) -> None:
        """Watch no more."""
        self._board.forget(self)


class VehicleBoard:
    """All buses for all watching operators. Looks only while somebody watches."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._watches: dict[Watch, None] = {}
        self._cells: dict[VehicleId, _Cell] = {}
        self._numbers = 0
        self._free: list[int] = []
        self._look_number = 0
        self._looked_s = float("-inf")
        self._wake = asyncio.Event()

    def watch(self, watcher: Watcher, wish: Wish) -> Watch:
        """Deliver `vehicles` (and `moves`) from now on, until `Watch.end`."""
        watch = Watch(self, watcher, wish)
        self._watches[watch] = None
        self.renew(watch)
        return watch

    def renew(self, watch: Watch) -> None:
        """Give all rows again."""
        watch.full, watch.told = True, 0
        watch.due = dict.fromkeys(self._cells)
        watch.gone.clear()
        self._wake.set()

    def forget(self, watch: Watch) -> None:
        """Deliver no more."""
        self._watches.pop(watch, None)
        if not self._watches:
            self._cells.clear()
            self._free.clear()
            self._numbers = 0

    async def run(self) -> None:
        """Look for ever: once a second, and when somebody comes."""
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, self._looked_s + REFRESH_S - loop.time()))
            self._wake.clear()
            if not self._watches:
                self._looked_s = loop.time()
                continue
            try:
                await self._turn()
            except Exception:
                log.exception("the buses could not be listed")

    async def _turn(self) -> None:
        now_s = asyncio.get_running_loop().time()
        looks = now_s - self._looked_s >= REFRESH_S or not self._cells
        if looks:
            self._looked_s = now_s
            await self._look()
        frames: dict[object, bytes] = {}
        for watch in tuple(self._watches):
            await self._tell_rows(watch)
            if looks and watch.wish.moves and watch in self._watches:
                self._tell_moves(watch, frames)

    # -- looking -------------------------------------------------------------------

    async def _look(self) -> None:
        self._look_number += 1
        engine, now_ms = self._runtime.engine, self._runtime.clock.now_ms()
        changed: list[VehicleId] = []
        moved: list[VehicleId] = []
        ids = engine.vehicle_ids()
        for first in range(0, len(ids), CHUNK):
            for vehicle_id in ids[first : first + CHUNK]:
                view = engine.vehicle(vehicle_id, now_ms)
                if view is not None:
                    self._take(view, changed, moved)
            await asyncio.sleep(0)
        here = set(ids)
        gone = [vehicle_id for vehicle_id in self._cells if vehicle_id not in here]
        for vehicle_id in gone:
            self._free.append(self._cells.pop(vehicle_id).n)
        for watch in self._watches:
            self._note(watch, changed, moved, gone)

    def _take(self, view: VehicleView, changed: list[VehicleId], moved: list[VehicleId]) -> None:
        cell = self._cells.get(view.vehicle_id)
        if cell is None:
            cell = self._cells[view.vehicle_id] = _Cell(self._number())
            changed.append(view.vehicle_id)
        elif _marks(cell.view) != _marks(view):
            changed.append(view.vehicle_id)
        elif cell.view.fix.received_ms != view.fix.received_ms:
            moved.append(view.vehicle_id)
        else:
            return
        cell.put(view, self._look_number)

    def _number(self) -> int:
        if self._free:
            return self._free.pop()
        self._numbers += 1
        return self._numbers

    def _note(
        self, watch: Watch, changed: Sequence[VehicleId], moved: Sequence[VehicleId], gone: Sequence[VehicleId]
    ) -> None:
        watch.due.update(dict.fromkeys(changed))
        if not watch.wish.moves:
            watch.due.update(dict.fromkeys(moved))
        elif watch.wish.focus_route_id is not None:
            focus = watch.wish.focus_route_id
            watch.due.update((one, None) for one in moved if self._cells[one].view.route_id == focus)
        for vehicle_id in gone:
            watch.due.pop(vehicle_id, None)
            watch.gone[vehicle_id] = None

    # -- telling -------------------------------------------------------------------

    async def _tell_rows(self, watch: Watch) -> None:
        """All that is due, as long as it is taken; the rest stays due."""
        while watch in self._watches and watch.watcher.clear and (watch.due or watch.gone or watch.full):
            some = list(watch.due)[:ROWS_A_FRAME]
            frame = self._frame(watch, some)
            for vehicle_id in some:
                del watch.due[vehicle_id]
            watch.full = False
            watch.gone.clear()
            watch.watcher.deliver(frame, seq=None, key="vehicles")
            await asyncio.sleep(0)

    def _frame(self, watch: Watch, some: Iterable[VehicleId]) -> bytes:
        """Rows of the watcher's route; one that has left it is gone to this watcher."""
        rows: list[msgspec.Raw] = []
        gone = dict(watch.gone)
        for vehicle_id in some:
            cell = self._cells.get(vehicle_id)
            if cell is None:
                continue
            if watch.wish.route_id in (None, cell.view.route_id):
                gone.pop(vehicle_id, None)
                rows.append(self._row(cell))
            elif not watch.full:
                gone[vehicle_id] = None
        at_ms = self._runtime.clock.now_ms()
        return encode(_RawVehicles(at_ms=at_ms, full=watch.full, vehicles=rows, gone=list(gone)))

    def _row(self, cell: _Cell) -> msgspec.Raw:
        if cell.raw is None:
            row = self._runtime.renderer.vehicle(cell.view)
            row.n = cell.n
            cell.raw = msgspec.Raw(encode(row))
        return cell.raw

    def _tell_moves(self, watch: Watch, frames: dict[object, bytes]) -> None:
        if not watch.watcher.clear:
            watch.behind = True
            return
        wish = watch.wish
        key = (wish.route_id, wish.bbox, watch.told, watch.behind)
        if key not in frames:
            frames[key] = self._moves(watch)
        watch.told, watch.behind = self._look_number, False
        watch.watcher.deliver(frames[key], seq=None, key="moves")

    def _moves(self, watch: Watch) -> bytes:
        """Places on the watcher's screen that it does not know yet, and in turn those elsewhere."""
        wish, now = watch.wish, self._look_number
        west, south, east, north = _square(wish.bbox)
        told: list[_Cell] = []
        for cell in self._cells.values():
            if wish.route_id not in (None, cell.view.route_id):
                continue
            if watch.behind or (south <= cell.lat_e5 <= north and west <= cell.lon_e5 <= east):
                new = cell.moved > watch.told
            else:
                new = (cell.n + now) % ELSEWHERE_TICKS == 0 and cell.moved > now - ELSEWHERE_TICKS
            if new:
                told.append(cell)
        return encode(_columns(told, self._runtime.clock.now_ms()))


def _marks(view: VehicleView) -> tuple[object, ...]:
    """What of a bus, when it changes, is worth a row. Its age alone is not: the screen counts that itself."""
    return (
        view.trip,
        view.phase,
        view.on_route,
        view.stale,
        view.terminal_up,
        view.live_alerts,
        view.mismatch,
        view.pattern_index,
        view.next_visit_index,
    )


def _square(bbox: Bbox | None) -> tuple[float, float, float, float]:
    if bbox is None:
        return (float("-inf"), float("-inf"), float("inf"), float("inf"))
    west, south, east, north = bbox
    return west * E5, south * E5, east * E5, north * E5


def _columns(cells: Sequence[_Cell], now_ms: int) -> wire.Moves:
    fixes = [cell.view.fix for cell in cells]
    return wire.Moves(
        at_ms=now_ms,
        n=[cell.n for cell in cells],
        lat_e5=[cell.lat_e5 for cell in cells],
        lon_e5=[cell.lon_e5 for cell in cells],
        heading_deg=[None if fix.heading_deg is None else round(fix.heading_deg) for fix in fixes],
        speed_mps=[None if fix.speed_mps is None else round(fix.speed_mps, 1) for fix in fixes],
        age_s=[max(0, round(cell.view.age_s)) for cell in cells],
    )
