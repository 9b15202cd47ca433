"""Commands that ask one agent once, over a blocking socket: they start several times as fast as those on Trio.

Ctrl-C ends them anywhere, by `KeyboardInterrupt`, and the closed connection ends the agent's work. If an agent is to be
asked in another way, they raise `SpeaksHttp1`, and have printed nothing.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Mapping

from logagent.core.query import Source
from logagent.peers.direct.coroutines import finished
from logagent.peers.direct.source import DirectSource
from logagent.peers.direct.waiting import left
from logagent.terminal.address import only_agent
from logagent.terminal.answer import CLOSED_PIPE, GRACE, print_batches, report
from logagent.terminal.question import Question
from logagent.terminal.secured import secure_of
from logagent.terminal.streams import Stdout, Streams, stdout_error, write_all

PIPE_ROOM = 4096
"""Bytes that a pipe takes at once if it takes any (PIPE_BUF, pipe(7))."""


class DirectPipe:
    """Standard output, written until a deadline.

    Attributes:
        until: when writing is given up, as `time.monotonic` tells it.
    """

    def __init__(self, stdout: Stdout, until: float) -> None:
        self.until = until
        self._stdout = stdout

    async def write(self, data: bytes) -> None:
        """Write all of `data`.

        Raises:
            Unwritable: if that fails.
            Late: if nobody reads it in time.
        """
        try:
            if self.until == math.inf:
                write_all(self._stdout, data)
            else:
                self._write_in_time(data)
        except OSError as error:
            raise Unwritable(error) from error

    def _write_in_time(self, data: bytes) -> None:
        ready = select.poll()
        ready.register(self._stdout.fileno(), select.POLLOUT)
        for begin in range(0, len(data), PIPE_ROOM):
            while not ready.poll(math.ceil((left(self.until) or 0) * 1000)):
                pass  # `left` ends it
            write_all(self._stdout, data[begin : begin + PIPE_ROOM])


class Unwritable(Exception):
    """Standard output takes nothing any more.

    Attributes:
        error: of the operating system.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error

    def exit_code(self) -> int:
        """Return the exit code of a command whose reader is gone.

        Raises:
            OSError: if writing failed for another reason.
        """
        if isinstance(self.error, BrokenPipeError):
            return CLOSED_PIPE
        raise stdout_error(self.error) from self.error


def ask(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Ask, print the answer, and report what is missing from it.

    Returns:
        The exit code.

    Raises:
        OSError: if the answer cannot be written.
        ConfigError: if the time zone of a chart is unknown.
        SpeaksHttp1: if the agent is to be asked in another way.
    """
    timeout = asked.query.limits.timeout
    until = math.inf if timeout is None else time.monotonic() + timeout + GRACE
    pipe = DirectPipe(streams.stdout, until)
    agent = only_agent(asked.agent)
    source: Source = DirectSource(agent.url, secure_of(agent), until, agent.credential, agent.trace)
    source = _tallied(source) if asked.query.form.hits else source
    try:
        printed = finished(print_batches(source, asked, streams, environ, pipe.write, time.monotonic))
        pipe.until = math.inf
        outcome = finished(printed.end(asked))
    except Unwritable as unwritable:
        return unwritable.exit_code()
    return report(outcome, asked, streams)


def _tallied(source: Source) -> Source:
    # Imported here, since lines are asked for more often than counts.
    from logagent.core.hits.tally import Tallied

    return Tallied(source)
