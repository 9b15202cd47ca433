"""One ssh process from its start to its end: what it says is heard meanwhile, and it is always ended and waited for."""

from __future__ import annotations

import contextlib
import signal

import trio

from logagent.peers.ssh.child import Child

MOST_SAID = 4096
"""Bytes that are kept of what it says: the end of it, with the reason why it has ended."""
LAST_WORDS = 0.5
"""Seconds after its end for what it said last: another process may hold its standard error, such as a shared connection
that stays (`ControlPersist`)."""
GRACES = ((0.4, signal.SIGTERM), (0.4, signal.SIGKILL))
"""Seconds that it has to end by itself after its input has ended, and after each signal that is then sent. Together
less than the second that closing a connection may take."""
KILLED = 1.0
"""Seconds until a process that was killed is gone."""

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)
_READ_SIZE = 4096


class RunningSsh:
    """One ssh process, ended by `leave`, by cancelling `run`, or by itself.

    Args:
        child: just started.

    Attributes:
        code: its exit code, below 0 the number of a signal; None: it has not ended.
        said: the end of what it has said so far.
        ended: set once it has ended, and was waited for.
    """

    def __init__(self, child: Child) -> None:
        self.code: int | None = None
        self.said = b""
        self.ended = trio.Event()
        self._child = child
        self._left, self._heard = trio.Event(), trio.Event()

    @property
    def stdin(self) -> trio.abc.SendStream:
        """Takes what the command over there reads."""
        return self._child.stdin

    @property
    def stdout(self) -> trio.abc.ReceiveStream:
        """Gives what the command over there prints."""
        return self._child.stdout

    def leave(self) -> None:
        """Have it end: its input is closed, then it is told to end, then it is killed; all within a second."""
        self._left.set()

    async def run(self) -> None:
        """Look after the process until it has ended; cancelling ends it."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._hear)
                nursery.start_soon(self._end_when_left)
                self.code = await self._child.wait()
                with trio.move_on_after(LAST_WORDS):
                    await self._heard.wait()
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):  # each step of it takes a bounded time
                await self._end()
                for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
                    await stream.aclose()
            self.ended.set()

    async def _hear(self) -> None:
        with contextlib.suppress(*_GONE):
            while received := await self._child.stderr.receive_some(_READ_SIZE):
                self.said = (self.said + received)[-MOST_SAID:]
        self._heard.set()

    async def _end_when_left(self) -> None:
        await self._left.wait()
        await self._end()

    async def _end(self) -> None:
        if self.code is not None:
            return
        with contextlib.suppress(*_GONE):
            await self._child.stdin.aclose()
        for seconds, then in GRACES:
            with trio.move_on_after(seconds):
                self.code = await self._child.wait()
                return
            self._child.signal(then)
        with trio.move_on_after(KILLED):
            self.code = await self._child.wait()
