"""The streams of a command: answers go to standard output, all messages to standard error."""

from __future__ import annotations

import contextlib
import io
import os
import select
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, TextIO

from logagent.core.escapes import in_line

WIDTH = 80
"""Columns of a line if there is no terminal to ask."""

Write = Callable[[bytes], Awaitable[None]]
"""Writes all of some bytes."""


class Stdout(Protocol):
    """An unbuffered binary stream, such as `open(1, "wb", buffering=0)` returns."""

    def write(self, data: bytes | memoryview, /) -> int | None: ...
    def fileno(self) -> int: ...
    def isatty(self) -> bool: ...


class Streams(NamedTuple):
    """The two streams that a command writes to.

    Attributes:
        interactive: whether somebody types: standard input is a terminal.
    """

    stdout: Stdout
    stderr: TextIO
    interactive: bool = False

    def print(self, text: str) -> None:
        """Write a short text to standard output; do nothing if nobody reads it any more.

        Raises:
            OSError: naming standard output, if writing fails for another reason.
        """
        try:
            write_all(self.stdout, text.encode("utf-8", "backslashreplace"))
        except BrokenPipeError:
            pass
        except OSError as error:
            raise stdout_error(error) from error

    def tell(self, record: str) -> None:
        """Write a record to standard error as it is; if it cannot be written, nothing happens."""
        with contextlib.suppress(OSError):
            self.stderr.write(record)
            self.stderr.flush()

    def say(self, text: str) -> None:
        """Write one line to standard error, after the program's name.

        The text may come from another machine, so it is escaped. If it cannot be written, nothing happens.
        """
        with contextlib.suppress(OSError):
            print("logagent:", in_line(text), file=self.stderr, flush=True)


def standard_streams() -> Streams:
    """Return unbuffered streams in place of Python's: when the program ends, nothing is left that could fail.

    A descriptor that the caller closed is opened as /dev/null: otherwise a socket would get its number, and output
    would be written to the socket. Standard output cannot be written then, so that no answer is lost without a word.
    """
    for descriptor, mode in ((1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not _is_open(descriptor):
            os.dup2(os.open(os.devnull, mode), descriptor)
    return Streams(io.FileIO(1, "wb", closefd=False), text_writer(2), interactive=_is_open(0) and os.isatty(0))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def text_writer(descriptor: int) -> TextIO:
    """Open a descriptor for text, without a buffer and without closing it.

    Nothing is left to be written, or to fail, when the program ends.
    """
    raw = io.FileIO(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def stdout_error(error: OSError) -> OSError:
    """Return an error of writing to standard output as it is told."""
    return OSError(f"standard output: {error.strerror or error}")


def write_all(stdout: Stdout, data: bytes) -> None:
    """Write all of some bytes, waiting while nobody reads.

    Raises:
        OSError: if that fails.
    """
    rest = memoryview(data)
    while rest:
        written = stdout.write(rest)
        if written is None:  # another program that shares the pipe made it non-blocking
            select.select([], [stdout.fileno()], [])
        rest = rest[written or 0 :]
