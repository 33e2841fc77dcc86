"""Local metric frame of a network: WGS84 degrees to metres east and north, and back. Level 0: knows nothing of ours."""

import math
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

WGS84_SEMI_MAJOR_M = 6_378_137.0
"""Equatorial radius of the WGS84 ellipsoid (EPSG:7030)."""
WGS84_ECCENTRICITY_SQUARED = 6.694_379_990_141_316e-3
"""First eccentricity squared of the WGS84 ellipsoid: f·(2 - f) with f = 1/298.257223563 (EPSG:7030)."""
MAX_ORIGIN_LAT_DEG = 89.0
"""Beyond it a degree of longitude shrinks to nothing and the frame would divide by it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A flat x (east), y (north) frame in metres around an origin in degrees.

    Scales are the ellipsoid's radii of curvature at the origin, so distances are exact there; the error of an
    east-west distance grows with the distance north or south of the origin (0.2 % at 15 km in Seoul's latitude).
    Raises ValueError for an origin that is not a place on earth or lies within one degree of a pole.
    """

    lat0: float
    lon0: float
    metres_per_deg_lon: float = field(init=False, repr=False)
    metres_per_deg_lat: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not (abs(self.lat0) <= MAX_ORIGIN_LAT_DEG and abs(self.lon0) <= 180.0):
            raise ValueError(f"a frame cannot have its origin at latitude {self.lat0}, longitude {self.lon0}")
        phi = math.radians(self.lat0)
        w = 1.0 - WGS84_ECCENTRICITY_SQUARED * math.sin(phi) ** 2
        prime_vertical_m = WGS84_SEMI_MAJOR_M / math.sqrt(w)
        meridional_m = prime_vertical_m * (1.0 - WGS84_ECCENTRICITY_SQUARED) / w
        object.__setattr__(self, "metres_per_deg_lon", math.radians(prime_vertical_m * math.cos(phi)))
        object.__setattr__(self, "metres_per_deg_lat", math.radians(meridional_m))

    @overload
    def to_xy(self, lat: float, lon: float) -> tuple[float, float]: ...
    @overload
    def to_xy(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def to_xy(
        self, lat: float | NDArray[np.float64], lon: float | NDArray[np.float64]
    ) -> tuple[float | NDArray[np.float64], float | NDArray[np.float64]]:
        """Metres east and north of the origin; one place or many. The short way round the date line is taken."""
        east_deg = (lon - self.lon0 + 180.0) % 360.0 - 180.0
        return east_deg * self.metres_per_deg_lon, (lat - self.lat0) * self.metres_per_deg_lat

    @overload
    def to_lat_lon(self, x: float, y: float) -> tuple[float, float]: ...
    @overload
    def to_lat_lon(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def to_lat_lon(
        self, x: float | NDArray[np.float64], y: float | NDArray[np.float64]
    ) -> tuple[float | NDArray[np.float64], float | NDArray[np.float64]]:
        """Latitude and longitude in degrees of a place given in metres; one place or many."""
        lon = self.lon0 + x / self.metres_per_deg_lon
        return self.lat0 + y / self.metres_per_deg_lat, (lon + 180.0) % 360.0 - 180.0
