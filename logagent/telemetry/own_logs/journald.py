"""The journal of systemd as a target, by its own protocol: each member of a line is a field that can be searched.

https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ describes it. The library `logging-journald` speaks it too, but waits for a
journal that has stopped, takes any text for the name of a field, and fails for halves of surrogate pairs.
"""

from __future__ import annotations

import array
import fcntl
import os
import re
import socket
import struct
from collections.abc import Iterator, Sequence

from logagent.telemetry.own_logs.datagrams import Datagrams, unix_socket
from logagent.telemetry.own_logs.lines import members_of, text_of
from logagent.telemetry.own_logs.told import Told

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "logagent"
"""What `journalctl -t` calls the lines."""
LONGEST_FIELD = 64
"""Characters of a field's name that the journal takes."""
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
"""The severities of syslog (RFC 5424, 6.2.1) by the names of levels."""

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


class Journal(Datagrams):
    """Writes lines to the journal.

    Args:
        host: the agent's name.
        path: of the journal's socket.
    """

    def __init__(self, host: str, path: str = SOCKET) -> None:
        super().__init__("the journal", unix_socket(path))
        self._host = host

    def write(self, lines: Sequence[Told]) -> int:
        """Write lines; see `LogTarget.write`."""
        return self.send_all(b"".join(fields(told, self._host)) for told in lines)

    def send_large(self, connected: socket.socket, data: bytes) -> None:
        """Send what is too large for a datagram: in memory that can no longer be changed."""
        file = os.memfd_create("logagent", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            os.write(file, data)
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            connected.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
        finally:
            os.close(file)


def fields(told: Told, host: str) -> Iterator[bytes]:
    """Give the fields of a line: the journal's own, and each member with `LOGAGENT_` before its name."""
    members = members_of(told, host)
    error = told.fields.get("error")
    yield _field("MESSAGE", f"{told.message}\n{error}" if error else told.message)
    yield _field("PRIORITY", str(PRIORITIES[members["level"]]))
    yield _field("SYSLOG_IDENTIFIER", IDENTIFIER)
    for name, value in members.items():
        if name not in ("message", "level", "error"):
            yield _field(_name(name), text_of(value))


def _name(name: str) -> str:
    return f"LOGAGENT_{re.sub('[^A-Z0-9_]', '_', name.upper())}"[:LONGEST_FIELD]


def _field(name: str, text: str) -> bytes:
    data = text.encode("utf-8", "backslashreplace")
    if b"\n" in data:
        return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name.encode() + b"=" + data + b"\n"
