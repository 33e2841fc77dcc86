"""Fares: dated tariffs as data, journeys priced by a pure function, corrections as signed adjustments."""
