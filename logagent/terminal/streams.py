"""The streams of a command: answers go to standard output, all messages to standard error."""

from __future__ import annotations

import contextlib
import io
import select
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TextIO

import trio

from logagent.core.escapes import in_line

Write = Callable[[bytes], Awaitable[None]]
"""Writes all of some bytes."""


class Stdout(Protocol):
    """An unbuffered binary stream, such as `open(1, "wb", buffering=0)` returns."""

    def write(self, data: bytes | memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...
    def isatty(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Streams:
    """The two streams that a command writes to."""

    stdout: Stdout
    stderr: TextIO

    def print(self, text: str) -> None:
        """Write a short text to standard output; do nothing if nobody reads it any more.

        Raises:
            OSError: naming standard output, if writing fails for another reason.
        """
        try:
            _write_all(self.stdout, text.encode("utf-8", "backslashreplace"))
        except BrokenPipeError:
            pass
        except OSError as error:
            raise _of_stdout(error) from error

    def say(self, text: str) -> None:
        """Write one line to standard error, after the program's name.

        The text may come from another machine, so it is escaped. If it cannot be written, nothing happens.
        """
        with contextlib.suppress(OSError):
            print("logagent:", in_line(text), file=self.stderr, flush=True)


def text_writer(descriptor: int) -> TextIO:
    """Open a descriptor for text, without a buffer and without closing it.

    Nothing is left to be written, or to fail, when the program ends.
    """
    raw = io.FileIO(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


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
            await trio.to_thread.run_sync(_write_all, self._stdout, data, abandon_on_cancel=True)
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
            raise _of_stdout(self._error) from self._error
        return self._error is not None


def _of_stdout(error: OSError) -> OSError:
    return OSError(f"standard output: {error.strerror or error}")


def _write_all(stdout: Stdout, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = stdout.write(rest)
        if written is None:  # another program that shares the pipe made it non-blocking
            select.select([], [stdout.fileno()], [])
        rest = rest[written or 0 :]
