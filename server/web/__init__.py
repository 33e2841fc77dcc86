"""Doors to the outside: HTTP, WebSockets, pages. Knows the runtime, never a back end."""
