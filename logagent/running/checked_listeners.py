"""Whether an agent could listen where its settings say, found out without listening."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from logagent.config.values import UNIX

TABLES = Path("/proc/net")
"""Where the kernel lists its sockets (proc(5))."""
FIRST_FREE = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
"""The first port that every user may listen on."""

_LISTEN = "0A"


class Listening(NamedTuple):
    """A socket that listens.

    Attributes:
        address: packed; all zero: any.
    """

    address: bytes
    port: int


def why_not(url: str, tables: Path = TABLES) -> str:
    """Return why nobody could listen at a URL, and what to do; empty if somebody could."""
    if url.startswith(UNIX):
        return _why_no_socket(Path(url.removeprefix(UNIX)))
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        return f"{host} has no address: {str(error.strerror).lower()}; give an address of this host"
    family, _, _, _, where = found[0]
    address = socket.inet_pton(family, str(where[0]).partition("%")[0])
    if not _is_own(family, str(where[0])):
        return f"{host} is no address of this host; give one of its own, or 0.0.0.0 for all"
    if port and any(one.port == port and _overlap(one.address, address) for one in listening(tables)):
        return (
            f"port {port} is in use; end what listens there (`ss -ltnp 'sport = :{port}'` says what): an agent "
            "that runs with these settings already takes others by `logagent reload`"
        )
    if 0 < port < _first_free() and os.geteuid() != 0:
        return f"port {port} takes root, or CAP_NET_BIND_SERVICE; give one from {_first_free()}"
    return ""


def listening(tables: Path = TABLES) -> Iterator[Listening]:
    """Yield the sockets of this machine that listen on TCP."""
    for table in ("tcp", "tcp6"):
        try:
            rows = (tables / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            _, local, _, state, *_ = row.split()
            if state == _LISTEN:
                address, _, port = local.partition(":")
                words = bytes.fromhex(address)
                swapped = [struct.pack(">I", word) for (word,) in struct.iter_unpack("=I", words)]
                yield Listening(b"".join(swapped), int(port, 16))


def _overlap(one: bytes, other: bytes) -> bool:
    return one == other or not any(one) or not any(other)


def _is_own(family: int, address: str) -> bool:
    """Return whether an address is one of this machine: to those the kernel leads from themselves."""
    if not any(socket.inet_pton(family, address.partition("%")[0])):
        return True
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as one:
        try:
            one.connect((address, 9))  # sends nothing
        except OSError:
            return False
        return str(one.getsockname()[0]) == address


def _first_free() -> int:
    try:
        return int(FIRST_FREE.read_text())
    except (OSError, ValueError):
        return 1024


def _why_no_socket(path: Path) -> str:
    if not path.parent.is_dir():
        return f"{path.parent} is no directory; make it, for the agent's user"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"this user may not write to {path.parent}; give the directory to the agent's user"
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    if not stat.S_ISSOCK(mode):
        return f"{path} exists, and is no socket; give another path"
    with closing(socket.socket(socket.AF_UNIX)) as one:
        try:
            one.setblocking(False)
            one.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return ""  # left by one that is gone: an agent takes its place
        except OSError:
            pass
    return f"somebody listens on {path} already; end that, or take others of its settings by `logagent reload`"
