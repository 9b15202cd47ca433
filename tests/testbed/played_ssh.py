"""An ssh that a test plays: it speaks, says something, and ends as the test has it, over memory pipes."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import trio
from trio.testing import MemoryReceiveStream, MemorySendStream, memory_stream_one_way_pair

from logagent.peers.ssh.child import Child

SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""How HTTP/2 begins: a frame of settings, here without any."""


class PlayedSsh:
    """One process. `deaf`: the signals that do not end it; `stays`: it does not end with its input; `lent`: another
    process has its standard error, and stays."""

    def __init__(self, *, deaf: Sequence[int] = (), stays: bool = False, lent: bool = False) -> None:
        self.signals: list[int] = []
        self.arguments: Sequence[str] = ()
        self.starts = 0
        self._deaf, self._stays, self._lent = deaf, stays, lent
        self._code: int | None = None
        self._over = trio.Event()
        self.stdin: MemoryReceiveStream
        self.stdout: MemorySendStream
        self.stderr: MemorySendStream

    async def start(self, arguments: Sequence[str]) -> Child:
        self.arguments = arguments
        self.starts += 1
        stdin, self.stdin = memory_stream_one_way_pair()
        self.stdout, stdout = memory_stream_one_way_pair()
        self.stderr, self._said = memory_stream_one_way_pair()
        if not self._stays:
            stdin.close_hook = self._input_ended
        return Child(stdin, stdout, self._said, self._wait, self._signal)

    def _input_ended(self) -> None:
        self.stdin.close()
        self.end(0)

    async def _wait(self) -> int:
        await self._over.wait()
        assert self._code is not None
        return self._code

    def _signal(self, number: int) -> None:
        self.signals.append(number)
        if number not in self._deaf:
            self.end(-number)

    def end(self, code: int, said: bytes = b"") -> None:
        """Say something last, and end."""
        if self._code is None:
            self._code = code
            if said:
                self._said.put_data(said)
            if not self._lent:
                self.stderr.close()
            self.stdout.close()
            self._over.set()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def was_killed(self) -> bool:
        return signal.SIGKILL in self.signals
