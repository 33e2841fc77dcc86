"""Networks written for simulation: a bundled town, and a generator for a whole province."""
