"""Standard output of a command that waits for several things at a time."""

from __future__ import annotations

from collections.abc import Callable

import trio

from logagent.terminal.streams import Stdout, stdout_error, write_all


class Pipe:
    """Standard output, written in a thread so that Ctrl-C works while nobody reads.

    Cancelling abandons the thread. It is a daemon thread and holds no buffer of Python's, so the process can end.

    Args:
        when_broken: called when writing fails; it should cancel whatever writes.
    """

    def __init__(self, stdout: Stdout, when_broken: Callable[[], object]) -> None:
        self._stdout = stdout
        self._when_broken = when_broken
        self._error: OSError | None = None

    async def write(self, data: bytes) -> None:
        """Write all of `data`, or call `when_broken`.

        Errors are not raised: the caller is a source, which would report them as its own.
        """
        try:
            await trio.to_thread.run_sync(write_all, self._stdout, data, abandon_on_cancel=True)
        except OSError as error:
            self._error = error
            self._when_broken()
            await trio.lowlevel.checkpoint()

    def is_closed(self) -> bool:
        """Return whether nobody reads any more, as after `| head`.

        Raises:
            OSError: if writing failed for another reason.
        """
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise stdout_error(self._error) from self._error
        return self._error is not None
