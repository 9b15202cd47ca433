"""How an agent is addressed, and how long connecting to it may take."""

from __future__ import annotations

CONNECT_TIMEOUT = 5.0
"""Seconds for TCP, TLS and the first SETTINGS together: four round trips to a host that is up."""
UNIX = "unix:"
"""The beginning of the URL of an agent behind a Unix socket."""
BEHIND_A_SOCKET = "http://localhost"
"""The URL in requests to an agent behind a Unix socket, whose path HTTP has no place for."""
BEHIND_SSH = "http://192.0.2.1"
"""The URL in requests to an agent that ssh has started: an address that is nobody's (RFC 5737), which every agent takes
for its own, and nobody for one of this machine, with which nothing would be compressed."""
