"""Recordings of what comes in: written as it comes, kept within bounds, found again."""
