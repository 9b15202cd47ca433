"""Standard input and output as one connection, and nothing else's any more."""

from __future__ import annotations

import contextlib
import os
import stat

import trio

STDIN, STDOUT, STDERR = 0, 1, 2


class NoPipes(Exception):
    """Standard input or output can carry no connection; the message says why."""


def take_over() -> trio.StapledStream[trio.lowlevel.FdStream, trio.lowlevel.FdStream]:
    """Return standard input and output as a stream; whoever else reads gets nothing, and prints to standard error.

    Raises:
        NoPipes: if one of them is neither a pipe nor a socket; then nothing has changed.
    """
    for descriptor, name in ((STDIN, "input"), (STDOUT, "output")):
        if not _is_pipe(descriptor):
            raise NoPipes(f"standard {name} is neither a pipe nor a socket")
    incoming, outgoing = os.dup(STDIN), os.dup(STDOUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, STDIN)
    os.close(nothing)
    os.dup2(STDERR, STDOUT)
    return trio.StapledStream(trio.lowlevel.FdStream(outgoing), trio.lowlevel.FdStream(incoming))


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # it was closed
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def until_unread(outgoing: trio.lowlevel.FdStream) -> None:
    """Return when nobody reads any more what is written to a pipe, or when it was closed on this side.

    Of a socket nothing is told: its end of reading shows that.
    """
    with contextlib.suppress(trio.ClosedResourceError):  # it was closed on this side
        if stat.S_ISFIFO(os.fstat(outgoing.fileno()).st_mode):
            # Nothing is ever read there: the kernel wakes up who waits for that only to tell of the end.
            await trio.lowlevel.wait_readable(outgoing.fileno())
        else:
            await trio.sleep_forever()
