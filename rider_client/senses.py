"""What a rider's phone hears and where it is, for rides: gathered in batches, kept through anything, and able to stop. Rider SDK.

Gathering is the app's business (Bluetooth, location); this keeps what it gathers until the server has it. A batch is said
again after each reconnect until the server answers that it has taken it: hearing it twice does no harm there.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import msgspec

from server.protocol.messages import BeaconHeard, Listened, RidePosition, Sightings

BATCH_S = 10.0
"""How often what was gathered is told: a stop gap of a city bus is five of these."""
BATCHES_MAX = 720
"""Batches kept while there is no link: two hours. When full the oldest goes; a ride that old is asked about instead."""
GATHERED_MAX = 400
"""Beacons, positions or times gathered for one batch; what is more in ten seconds is left out."""
STORE_SCHEMA = 1


class Senses:
    """A phone's memory of what it has not told yet. `store`: a file to keep it in through restarts; None: memory only.

    Once `pause`d nothing is gathered, nothing is told, and what was not told yet is deleted, also from the file; it stays
    so through restarts until `resume`.
    """

    def __init__(self, store: Path | None = None, *, device: str = "", now_ms: Callable[[], int]) -> None:
        self.device = device
        self._store = store
        self._now_ms = now_ms
        self._beacons: list[BeaconHeard] = []
        self._positions: list[RidePosition] = []
        self._listened: list[Listened] = []
        self._batches: OrderedDict[str, Sightings] = OrderedDict()
        self._made = 0
        self._paused = False
        self.dropped = 0
        """Batches that were given up because too many waited."""
        self._load()

    @property
    def paused(self) -> bool:
        """True while nothing is gathered and nothing leaves."""
        return self._paused

    @property
    def waiting(self) -> int:
        """Batches that the server has not taken yet."""
        return len(self._batches)

    # -- gathering ---------------------------------------------------------------

    def hear(self, beacon_id: str, rssi_dbm: float, at_ms: int) -> None:
        """A beacon was heard, so loud, at this time of the phone's clock."""
        if not self._paused and len(self._beacons) < GATHERED_MAX:
            self._beacons.append(BeaconHeard(beacon_id=beacon_id, rssi_dbm=rssi_dbm, at_ms=at_ms))

    def be_at(self, position: RidePosition) -> None:
        """The phone is here."""
        if not self._paused and len(self._positions) < GATHERED_MAX:
            self._positions.append(position)

    def listen(self, from_ms: int, to_ms: int) -> None:
        """The receiver was on from then to then: what was not heard was not there."""
        if not self._paused and len(self._listened) < GATHERED_MAX:
            self._listened.append(Listened(from_ms=from_ms, to_ms=to_ms))

    def pause(self) -> None:
        """Stop, really: gather and tell nothing from now on, and forget what was not told."""
        self._paused = True
        self._clear()
        self._batches.clear()
        self._save()

    def resume(self) -> None:
        """Gather and tell again, from now on."""
        self._paused = False
        self._save()

    # -- telling ------------------------------------------------------------------

    def batches(self) -> list[Sightings]:
        """What is to be told now, the oldest first; what was gathered since is made into one more batch."""
        if self._paused:
            return []
        self._seal()
        now_ms = self._now_ms()
        return [msgspec.structs.replace(batch, sent_ms=now_ms) for batch in self._batches.values()]

    def taken(self, ref: str | None) -> bool:
        """The server has a batch, or will never take it: it need not be told again. False for one that is not ours."""
        if self._batches.pop(ref or "", None) is None:
            return False
        self._save()
        return True

    def _seal(self) -> None:
        if not (self._beacons or self._positions or self._listened):
            return
        self._made += 1
        ref = f"senses-{self._now_ms()}-{self._made}"
        self._batches[ref] = Sightings(
            beacons=self._beacons, positions=self._positions, listened=self._listened, device=self.device, ref=ref
        )
        self._clear()
        while len(self._batches) > BATCHES_MAX:
            self._batches.popitem(last=False)
            self.dropped += 1
        self._save()

    def _clear(self) -> None:
        self._beacons, self._positions, self._listened = [], [], []

    # -- keeping ------------------------------------------------------------------

    def _save(self) -> None:
        """Write the file aside and rename it, so that a crash leaves the old or the new one, whole."""
        if self._store is None:
            return
        batches = [msgspec.to_builtins(batch) for batch in self._batches.values()]
        text = json.dumps({"schema": STORE_SCHEMA, "paused": self._paused, "batches": batches})
        aside = self._store.with_suffix(".new")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        aside.replace(self._store)

    def _load(self) -> None:
        """Take back what was kept; a file that cannot be read is one that holds nothing."""
        if self._store is None or not self._store.exists():
            return
        try:
            kept = json.loads(self._store.read_bytes())
            batches = msgspec.convert(kept["batches"], list[Sightings])
            self._paused = bool(kept["paused"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._batches.update((batch.ref or "", batch) for batch in batches[-BATCHES_MAX:])
