"""A process of this machine, with its streams, in a session of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import trio


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was started.

    Attributes:
        stdin: takes what it reads.
        stdout: gives what it prints.
        stderr: gives what it says.
        wait: returns its exit code once it has ended, below 0 the number of a signal; any number of tasks may wait.
        signal: sends it, and what it has started, a signal; nothing happens if it has ended.
    """

    stdin: trio.abc.SendStream
    stdout: trio.abc.ReceiveStream
    stderr: trio.abc.ReceiveStream
    wait: Callable[[], Awaitable[int]]
    signal: Callable[[int], None]


Start = Callable[[Sequence[str]], Awaitable[Child]]
"""Starts a program with its arguments; raises OSError."""


async def start_child(arguments: Sequence[str]) -> Child:
    """Start a program.

    It is in a session of its own, so that Ctrl-C at the terminal reaches this program alone, which then ends it. It
    ends with this program however that ends, since its standard input ends then.

    Raises:
        OSError: if it cannot be started.
    """
    pipe = subprocess.PIPE
    process = await trio.lowlevel.open_process(arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None

    def signal(number: int) -> None:
        if process.poll() is None:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

    return Child(process.stdin, process.stdout, process.stderr, process.wait, signal)
