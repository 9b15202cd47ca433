"""Syslog as a target: RFC 5424 over the network, and what daemons read of a local socket, which is another form.

`logging.handlers.SysLogHandler` writes neither the header of RFC 5424 nor a line without a NUL behind it, and waits for
a daemon that has stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from logagent.telemetry.own_logs.datagrams import Address, Datagrams, udp, unix_socket
from logagent.telemetry.own_logs.journald import IDENTIFIER, PRIORITIES
from logagent.telemetry.own_logs.lines import json_lines, level_name, time_of
from logagent.telemetry.own_logs.told import Told

LOCAL = "/dev/log"
"""The socket of this host's syslog daemon."""
DAEMON = 3 << 3
"""The facility of system daemons (RFC 5424, 6.2.1), in its place."""
LONGEST_MESSAGE = 7 * 1024
"""Characters of a line: with its header, less than the 8 KiB that rsyslog and syslog-ng take of a message."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Header = Callable[[Told], str]


class Syslog(Datagrams):
    """Writes lines of JSON to syslog.

    Args:
        name: for people.
        where: the daemon's socket.
        header: what stands before each line.
        host: the agent's name.
    """

    def __init__(self, name: str, where: Callable[[], Address], header: Header, host: str) -> None:
        super().__init__(name, where)
        self._header = header
        self._form = json_lines(host, LONGEST_MESSAGE)

    def write(self, lines: Sequence[Told]) -> int:
        """Write lines; see `LogTarget.write`."""
        return self.send_all(
            f"{self._header(told)}{self._form(told)}".encode("utf-8", "backslashreplace") for told in lines
        )


def local_syslog(host: str, path: str = LOCAL) -> Syslog:
    """Return the daemon that reads a Unix socket.

    Args:
        host: the agent's name.
        path: of the socket.
    """
    return Syslog(f"syslog at {path}", unix_socket(path), local_header, host)


def remote_syslog(host: str, to: str, port: int) -> Syslog:
    """Return the daemon that reads a port of UDP.

    Args:
        host: the agent's name.
        to: the daemon's host.
        port: of UDP.
    """
    return Syslog(f"syslog at {to} port {port}", udp(to, port), lambda told: rfc5424_header(told, host), host)


def _priority(told: Told) -> int:
    return DAEMON | PRIORITIES[level_name(told.level)]


def local_header(told: Told) -> str:
    """Return what stands before a line on a local socket: as syslog(3) writes it, since daemons read no other there."""
    at = time.localtime(told.time_ns // 1_000_000_000)
    clock = f"{_MONTHS[at.tm_mon - 1]} {at.tm_mday:2} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"<{_priority(told)}>{clock} {IDENTIFIER}[{os.getpid()}]: "


def rfc5424_header(told: Told, host: str) -> str:
    """Return what stands before a line (RFC 5424, 6.2), with neither an identifier nor structured data."""
    return f"<{_priority(told)}>1 {time_of(told.time_ns)} {host} {IDENTIFIER} {os.getpid()} - - "
