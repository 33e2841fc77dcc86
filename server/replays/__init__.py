"""Recordings through the engine once more, for people to look at: run apart, kept for a while, compared."""
