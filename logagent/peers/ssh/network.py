"""A network whose every connection is an ssh process to one host."""

from __future__ import annotations

import os
from collections.abc import Mapping

import httpcore
import trio

from logagent.peers.ssh.arguments import PROGRAM, BadProgram, ssh_arguments
from logagent.peers.ssh.child import Start, start_child
from logagent.peers.ssh.failing import SshBroken
from logagent.peers.ssh.process import RunningSsh
from logagent.peers.ssh.stream import SshStream
from logagent.ssh_address import SshAddress


class SshNetwork(httpcore.AsyncNetworkBackend):
    """Connects to one agent over ssh.

    Each process is looked after by a task that outlives the question for which it was started, as the connection does.
    It ends with the connection, at the latest with Trio.

    Args:
        address: where ssh leads.
        start: starts ssh; None: as a process of this machine.
        environ: names the program; None: that of this process.
    """

    def __init__(
        self, address: SshAddress, start: Start | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._address = address
        self._start = start or start_child
        self._environ = os.environ if environ is None else environ

    async def connect_tcp(self, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Start ssh, whatever host is asked for.

        Raises:
            SshBroken: if it cannot be started.
        """
        try:
            arguments = ssh_arguments(self._address, self._environ)
            child = await self._start(arguments)
        except BadProgram as error:
            raise SshBroken(str(error)) from None
        except OSError as error:
            told = f"{error.filename or 'ssh'} cannot be started: {error.strerror or error}"
            raise SshBroken(f"{told}; install ssh, or name another program by {PROGRAM}") from error
        ssh = RunningSsh(child)
        trio.lowlevel.spawn_system_task(ssh.run)
        return SshStream(ssh, self._address)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await trio.sleep(seconds)
