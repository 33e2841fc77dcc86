"""Geometry of buses on streets: numpy in, numpy out; no state, no I/O, no clock."""
