"""GTFS Schedule in; GTFS-realtime in and out."""
