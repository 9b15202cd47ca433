"""The ways to a peer's machine: its addresses, connections to each of them, and the sockets of this one."""

from __future__ import annotations

import socket
import struct
from typing import Any, Protocol

import httpcore
import trio

from logagent.config import accounts
from logagent.peers.client.addresses import UNIX
from logagent.terminal.doctor.steps import StepFailed


class WaysToPeers(Protocol):
    """The network, as the doctor uses it."""

    @property
    def network(self) -> httpcore.AsyncNetworkBackend:
        """Makes connections."""
        ...

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host.

        Raises:
            OSError: if it has none.
        """
        ...


class MachineWays:
    """The network of this machine."""

    network: httpcore.AsyncNetworkBackend = httpcore.TrioBackend()

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, as the system looks them up."""
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


MACHINE = MachineWays()
"""The network of this machine."""


class PinnedNetwork(httpcore.AsyncNetworkBackend):
    """A network whose connections all lead to one address, or to one Unix socket.

    Args:
        network: makes them.
        address: that was found to take connections; `unix:` and a path: that socket.
    """

    def __init__(self, network: httpcore.AsyncNetworkBackend, address: str) -> None:
        self._network = network
        self._address = address

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Connect to the address, whatever host is asked for."""
        if self._address.startswith(UNIX):
            return await self._network.connect_unix_socket(self._address.removeprefix(UNIX))
        return await self._network.connect_tcp(self._address, port)

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Connect to a Unix socket."""
        return await self._network.connect_unix_socket(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


def listener_of(path: str) -> str:
    """Return which user listens at a Unix socket of this machine.

    Raises:
        StepFailed: if nobody does, or this user may not connect.
    """
    try:
        return _user_behind(path)
    except FileNotFoundError:
        mend = "start the agent, or correct the path: its `listen` says it"
        raise StepFailed(f"{path} does not exist", mend) from None
    except PermissionError:
        mend = f"`ls -l {path}` says which group may; the agent's `listen_mode` and `listen_group` say so"
        raise StepFailed("this user may not connect to it", mend) from None
    except BlockingIOError:
        raise StepFailed("its queue is full", "look whether the agent hangs") from None
    except ConnectionRefusedError:
        mend = "start the agent: the socket was left by one that is gone"
        raise StepFailed(f"{path}: nobody listens there", mend) from None
    except OSError as error:
        mend = "correct the path: the agent's `listen` says it"
        raise StepFailed(f"{path}: {of_system(error)}", mend) from None


def _user_behind(path: str) -> str:
    with socket.socket(socket.AF_UNIX) as one:
        one.setblocking(False)
        one.connect(path)
        _, user, _ = struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return accounts.user_name(user)


def of_system(error: OSError) -> str:
    """Return the system's words for an error."""
    return (error.strerror or str(error)).lower()
