"""The demo's inside: a real server, and a simulated town that speaks to it only through the SDKs."""
