"""Places where lasting facts are kept and messages handed on; each back end keeps the contract in `server.ports`."""
