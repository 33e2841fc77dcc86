"""`python -m ridebell`: the same as the `ridebell` script."""

from ridebell.cli import main

main()
