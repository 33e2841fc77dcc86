"""The back end without a server to install: SQLite for lasting facts, an in-process relay for messages."""
