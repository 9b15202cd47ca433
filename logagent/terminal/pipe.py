"""Standard output of a command that waits for several things at a time."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterator

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

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Meanwhile call `when_broken` as soon as nobody reads any more, be there something to write or not."""
        try:
            written = self._stdout.fileno()
        except OSError:  # in memory: it has no reader
            yield
            return
        over = os.eventfd(0)
        token = trio.lowlevel.current_trio_token()
        watching = threading.Thread(target=_watch, args=(written, over, token, self._lose_reader), daemon=True)
        watching.start()
        try:
            yield
        finally:
            os.eventfd_write(over, 1)
            watching.join()
            os.close(over)

    def _lose_reader(self) -> None:
        self._error = self._error or BrokenPipeError()
        self._when_broken()

    def is_closed(self) -> bool:
        """Return whether nobody reads any more, as after `| head`.

        Raises:
            OSError: if writing failed for another reason.
        """
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise stdout_error(self._error) from self._error
        return self._error is not None


def _watch(written: int, over: int, token: trio.lowlevel.TrioToken, lose: Callable[[], None]) -> None:
    """Wait until nobody reads what is written, and tell Trio, or until the watch is over.

    Args:
        written: a descriptor; what is asked of it is nothing but whether it failed, as poll(2) always tells.
        over: an eventfd(2).
        lose: called by Trio.
    """
    ready = select.poll()
    ready.register(written, 0)
    ready.register(over, select.POLLIN)
    if over not in (descriptor for descriptor, _ in ready.poll()):
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(lose)
