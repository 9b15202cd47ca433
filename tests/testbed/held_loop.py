"""An agent that tells how long it has held its event loop, as a program for tests and benchmarks.

    python held_loop.py FILE ARGUMENT...

The arguments are those of `logagent`. FILE holds `Held`, and may be overwritten with zeros to begin anew.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trio

from logagent.__main__ import main

_HELD = struct.Struct("=d120s")


class Held(NamedTuple):
    """The longest step of a task so far.

    Attributes:
        seconds: of processor time, so that other processes and threads do not count.
        task: the function that the task runs.
    """

    seconds: float
    task: str


def begin_anew(file: Path) -> None:
    """Forget what was seen; makes the file if it is not there."""
    file.touch()
    with file.open("r+b") as out:
        out.write(bytes(_HELD.size))


def read(file: Path) -> Held:
    """Return what was seen since the last beginning."""
    seconds, task = _HELD.unpack(file.read_bytes())
    return Held(seconds, task.rstrip(b"\0").decode())


class Probe(trio.abc.Instrument):
    """Measures each step of each task.

    Args:
        seen: where the longest is kept, as the file has it.
    """

    def __init__(self, seen: mmap.mmap) -> None:
        self._seen = seen
        self._began = 0.0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._began = time.thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        seconds = time.thread_time() - self._began
        if seconds > _HELD.unpack_from(self._seen)[0]:
            _HELD.pack_into(self._seen, 0, seconds, task.name.encode())


if __name__ == "__main__":
    begin_anew(Path(sys.argv[1]))
    with Path(sys.argv[1]).open("r+b") as kept, mmap.mmap(kept.fileno(), _HELD.size) as longest:
        trio.run = partial(trio.run, instruments=[Probe(longest)])  # type: ignore[assignment]
        sys.argv[1:] = sys.argv[2:]
        sys.exit(main())
