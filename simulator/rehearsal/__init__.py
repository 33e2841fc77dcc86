"""Scenarios of the corpus played to a server over real sockets. Simulator level: sees the protocol, not the server's rooms."""
