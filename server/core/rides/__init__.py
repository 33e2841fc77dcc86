"""Rides: who is in which bus, from where to where, and how sure that is. Level 7 of the core; pure, and usable without a server."""
