"""The standard streams of one ssh process as a connection, whose every failure says what ssh has said."""

from __future__ import annotations

from typing import Any

import httpcore
import trio

from logagent.peers.ssh.failing import SshBroken, why_ended, why_greeted, why_silent
from logagent.peers.ssh.process import RunningSsh
from logagent.ssh_address import SshAddress

START_TIMEOUT = 60.0
"""Seconds until the agent over there must speak: ssh connects in a second or two, and a busy host, as one in trouble
is, may take half a minute to start a program. Where no connection comes at all, ssh itself gives up sooner."""
ENDING = 1.0
"""Seconds in which ssh ends, once it sends nothing more."""
GREETING = 0.5
"""Seconds for the rest of a text that comes where HTTP/2 should begin."""
LONGEST_GREETING = 1024
"""Bytes of it that are read."""

_FRAME_HEADER = 9
_SETTINGS = 4


class SshStream(httpcore.AsyncNetworkStream):
    """A connection to an agent that ssh has started.

    Args:
        ssh: whose `run` is running.
        address: where it leads.
    """

    def __init__(self, ssh: RunningSsh, address: SshAddress) -> None:
        self._ssh = ssh
        self._address = address
        self._deadline = trio.current_time() + START_TIMEOUT
        self._speaks = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (httpcore's)
        """Return some bytes, of which the first are the beginning of HTTP/2.

        Raises:
            SshBroken: if there comes something else, or nothing in time, or the connection ends.
        """
        if self._speaks:
            return await self._some(max_bytes)
        with trio.move_on_at(self._deadline):
            first = await self._beginning(max_bytes)
            self._speaks = True
            return first
        raise SshBroken(why_silent(self._ssh.said, self._address, START_TIMEOUT))

    async def _beginning(self, max_bytes: int) -> bytes:
        first = b""
        while len(first) < _FRAME_HEADER and _may_be_settings(first):
            first += await self._some(max_bytes)
        if not _may_be_settings(first):
            raise SshBroken(why_greeted(await self._greeting(first)))
        return first

    async def _greeting(self, first: bytes) -> bytes:
        """Return a text that has begun, to the end of its first line that says something, if that comes soon."""
        with trio.move_on_after(GREETING):
            while b"\n" not in first.lstrip() and len(first) < LONGEST_GREETING:
                try:
                    first += await self._some(LONGEST_GREETING)
                except SshBroken:
                    break
        return first

    async def _some(self, max_bytes: int) -> bytes:
        try:
            received = await self._ssh.stdout.receive_some(max_bytes)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            received = b""
        if not received:
            raise SshBroken(await self._why())
        return bytes(received)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (httpcore's)
        """Send all of some bytes.

        Raises:
            SshBroken: if the connection has ended.
        """
        try:
            await self._ssh.stdin.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise SshBroken(await self._why()) from None

    async def _why(self) -> str:
        with trio.move_on_after(ENDING):
            await self._ssh.ended.wait()
        return why_ended(self._ssh.code, self._ssh.said, self._address)

    async def aclose(self) -> None:
        """End ssh, and wait for its end, which comes within a second; cancelled or not, it ends."""
        self._ssh.leave()
        await self._ssh.ended.wait()

    def get_extra_info(self, info: str) -> Any:
        """Return None: there is neither TLS nor a socket."""
        return None


def _may_be_settings(first: bytes) -> bool:
    """Return whether bytes may be the beginning of a SETTINGS frame, with which HTTP/2 begins (RFC 9113, 3.4)."""
    header = first[:_FRAME_HEADER]
    # A length below 64 KiB, which begins with a zero as no text does; the type; the stream 0 behind the flags.
    return header[:1] in (b"", b"\0") and header[3:4] in (b"", bytes([_SETTINGS])) and not any(header[5:])
