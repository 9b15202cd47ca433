"""Running `grep`, `tail`, `ls` and `cat` on Trio, whoever answers."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import trio

from logagent.terminal.answer import CLOSED_PIPE, GRACE
from logagent.terminal.pipe import Pipe
from logagent.terminal.progress import progress_on
from logagent.terminal.streams import Streams
from logagent.terminal.unix.commands import Command
from logagent.terminal.unix.reading import AskedAgent, Reading

Opened = Callable[[float], AbstractAsyncContextManager[AskedAgent]]
"""Provides who answers, until a moment of `time.monotonic`."""


async def run_with(opened: Opened, command: Command, streams: Streams, environ: Mapping[str, str]) -> int:
    """Run a command, and return its exit code; cancelling cancels the work of whoever answers too.

    Raises:
        OSError: if the answer cannot be written.
        ConfigError: for arguments that cannot be used of several hosts.
    """
    request, code = command.request, CLOSED_PIPE
    until = math.inf if request.timeout is None else time.monotonic() + request.timeout
    with trio.CancelScope() as scope:
        pipe = Pipe(streams.stdout, scope.cancel)
        async with opened(until + GRACE) as agent:
            watched = pipe.watched() if command.waits_for_lines else contextlib.nullcontext()
            with watched, progress_on(streams, environ, time.monotonic) as progress:
                write = progress.before(pipe.write)
                reading = Reading(agent, request.agent.url, streams, progress, write, until, request.verbose)
                code = await command.run(reading, environ)
    return CLOSED_PIPE if pipe.is_closed() else code
