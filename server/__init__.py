"""The Ridebell server: pure rules in `core`, the shell around them, and the doors to the outside."""
