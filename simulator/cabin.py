"""Who is on board of a simulated bus, and how many it takes. Counts people; knows no time and no road."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.core.model import Vehicle
from simulator.riders import Rider

STANDING_ROOM = 30
SEATED_ONLY_FROM_SEATS = 40
"""A bus with so many seats is an express coach on which nobody may stand."""


@dataclass(frozen=True, slots=True)
class Body:
    """Whom a bus can carry."""

    seats: int = 30
    low_floor: bool = True

    @staticmethod
    def of(vehicle: Vehicle | None) -> "Body":
        """Give what the register says; an ordinary low-floor bus where it says nothing."""
        plain = Body()
        if vehicle is None:
            return plain
        seats = plain.seats if vehicle.seats is None else vehicle.seats
        return Body(seats, plain.low_floor if vehicle.low_floor is None else vehicle.low_floor)

    @property
    def seated_only(self) -> bool:
        """Whether nobody may stand."""
        return self.seats >= SEATED_ONLY_FROM_SEATS

    @property
    def capacity(self) -> int:
        """How many people it takes."""
        return self.seats if self.seated_only else self.seats + STANDING_ROOM


@dataclass(slots=True)
class Passenger:
    """Somebody on board; `rider` is None for a companion, and for people who were there when the world began."""

    alights_at: int
    rider: Rider | None = None
    board_stop_id: str = ""


class Cabin:
    """The people on board. Stops are named by their index in the trip's pattern."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self._passengers: list[Passenger] = []

    def __len__(self) -> int:
        return len(self._passengers)

    @property
    def full(self) -> bool:
        """Whether nobody more gets on."""
        return len(self._passengers) >= self.body.capacity

    @property
    def seats_left(self) -> int | None:
        """Free seats where nobody may stand; a bus with standing room counts none, as in Gyeonggi's open data."""
        return max(self.body.capacity - len(self._passengers), 0) if self.body.seated_only else None

    def fill(self, alight_indices: Sequence[int]) -> None:
        """Put people in who were there when the world began."""
        self._passengers += [Passenger(index) for index in alight_indices]

    def empty(self) -> None:
        """Let everybody vanish."""
        self._passengers.clear()

    def anyone_for(self, visit_index: int) -> bool:
        """Tell whether somebody wants to get off at a stop."""
        return any(passenger.alights_at == visit_index for passenger in self._passengers)

    def let_off(self, visit_index: int, *, everybody: bool) -> list[Passenger]:
        """Let off who wants to get off here, or `everybody` (the last stop)."""
        leaving = [p for p in self._passengers if everybody or p.alights_at <= visit_index]
        self._passengers = [p for p in self._passengers if p not in leaving]
        return leaving

    def let_on(self, rider: Rider, stop_id: str, alights_at: int) -> None:
        """Let a rider on, with company where there is some: a party is not torn apart by the last free place."""
        self._passengers += [Passenger(alights_at) for _ in range(rider.party - 1)]
        self._passengers.append(Passenger(alights_at, rider, stop_id))
