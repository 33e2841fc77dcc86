"""All rides that are not over, and the latest ones that are. Level 7 of the core."""

from collections import OrderedDict, defaultdict

from server.core.model import ON_BOARD, Ride, RideId, RiderId, RideState, VehicleId


class RideBook:
    """Rides by id, rider and vehicle. Of ended ones the latest `ended_kept` are kept; the oldest goes first."""

    def __init__(self, ended_kept: int) -> None:
        self._ended_kept = ended_kept
        self._rides: dict[RideId, Ride] = {}
        self._ended: OrderedDict[RideId, None] = OrderedDict()
        self._by_rider: defaultdict[RiderId, dict[RideId, None]] = defaultdict(dict)
        self._on_board: defaultdict[VehicleId, dict[RideId, None]] = defaultdict(dict)
        self._pending: dict[RideId, None] = {}

    def __len__(self) -> int:
        return len(self._rides) - len(self._ended)

    @property
    def undecided_count(self) -> int:
        """How many rides go on, or have ended and may still be undone; those that wait for an answer may wait long."""
        asked = sum(self._rides[ride_id].state is RideState.ASKED for ride_id in self._pending)
        return len(self) - asked

    def get(self, ride_id: RideId) -> Ride | None:
        """The latest record of a ride."""
        return self._rides.get(ride_id)

    def put(self, ride: Ride) -> None:
        """Keep a new record in place of the earlier one."""
        self._rides[ride.ride_id] = ride
        self._by_rider[ride.rider_id][ride.ride_id] = None
        self._on_board[ride.vehicle_id].pop(ride.ride_id, None)
        self._pending.pop(ride.ride_id, None)
        if ride.state in ON_BOARD:
            self._on_board[ride.vehicle_id][ride.ride_id] = None
        elif not ride.ended:
            self._pending[ride.ride_id] = None
        if not self._on_board[ride.vehicle_id]:
            del self._on_board[ride.vehicle_id]
        if ride.ended:
            self._ended[ride.ride_id] = None
            while len(self._ended) > self._ended_kept:
                self._drop(self._ended.popitem(last=False)[0])

    def _drop(self, ride_id: RideId) -> None:
        old = self._rides.pop(ride_id)
        ids = self._by_rider[old.rider_id]
        del ids[ride_id]
        if not ids:
            del self._by_rider[old.rider_id]

    def of_rider(self, rider_id: RiderId) -> list[Ride]:
        """A rider's rides, oldest first, ended ones included while they are kept."""
        rides = [self._rides[ride_id] for ride_id in self._by_rider.get(rider_id, ())]
        return sorted(rides, key=lambda ride: (ride.began_ms, ride.ride_id))

    def aboard(self, rider_id: RiderId, vehicle_id: VehicleId | None = None) -> Ride | None:
        """The ride that a rider is on now (on this bus), the latest if several."""
        on = [r for r in self.of_rider(rider_id) if r.state in ON_BOARD and vehicle_id in (None, r.vehicle_id)]
        return on[-1] if on else None

    def on_vehicle(self, vehicle_id: VehicleId) -> list[Ride]:
        """The rides that are going on in a bus, in the order in which they began."""
        return [self._rides[ride_id] for ride_id in self._on_board.get(vehicle_id, ())]

    def going_on(self) -> list[Ride]:
        """Every ride whose rider is taken to be on board."""
        return [self._rides[ride_id] for ids in self._on_board.values() for ride_id in ids]

    def pending(self) -> list[Ride]:
        """Rides whose undo window is open, or whose rider was asked."""
        return [self._rides[ride_id] for ride_id in self._pending]
