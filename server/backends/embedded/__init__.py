"""The back end without a server to install: SQLite for lasting facts, an in-process relay for messages."""

from server.backends.embedded.analysis import SqliteAnalysis, open_analysis
from server.backends.embedded.backend import EmbeddedBackend, open_embedded
from server.backends.embedded.doctor import Finding, Severity, check_data_dir
from server.backends.embedded.lock import DataDirError

__all__ = [
    "DataDirError",
    "EmbeddedBackend",
    "Finding",
    "Severity",
    "SqliteAnalysis",
    "check_data_dir",
    "open_analysis",
    "open_embedded",
]
