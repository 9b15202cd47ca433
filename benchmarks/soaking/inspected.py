"""An agent that tells, at SIGUSR1, what it holds: a program, run in place of `-m logagent`.

    python inspected.py FILE ARGUMENT...

The arguments are those of `logagent`. FILE then holds, as JSON: the living tasks by name, how many objects the garbage
collector knows, by type those through which it looks, and what is in use of Python's heap (blocks) and of the C
library's (bytes), all garbage collected before. Nothing else is changed, and nothing runs beside.
"""

from __future__ import annotations

import ctypes
import gc
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import trio

from logagent.__main__ import main

TYPES = 60
"""The most frequent types that are told."""


class _MallInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc, see mallinfo2(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "kc",
        )
    ]


def _c_heap_in_use() -> int:
    """Bytes that are in use of the C library's heap; 0 where it does not tell."""
    tell = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if tell is None:
        return 0
    tell.restype = _MallInfo
    told = tell()
    return int(told.uordblks + told.hblkhd)


def _living(task: trio.lowlevel.Task) -> Iterator[trio.lowlevel.Task]:
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _living(child)


def _tell(signum: int, frame: FrameType | None) -> None:
    gc.collect()
    root = trio.lowlevel.current_root_task()
    assert root is not None
    objects = gc.get_objects()
    types = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in objects)
    told = {
        "tasks": Counter(task.name for task in _living(root)),
        "objects": len(objects) + gc.get_freeze_count(),
        "types": dict(types.most_common(TYPES)),
        "blocks": sys.getallocatedblocks(),
        "c_heap": _c_heap_in_use(),
    }
    made = TOLD.with_suffix(".made")
    made.write_text(json.dumps(told))
    made.replace(TOLD)


if __name__ == "__main__":
    TOLD = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    signal.signal(signal.SIGUSR1, _tell)
    sys.exit(main())
