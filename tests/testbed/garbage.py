"""What is left for the garbage collector: objects of the project's own that hold one another in a circle."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OURS = "logagent."
OF_CONNECTIONS = "logagent.web.server.", "logagent.peers.client."
"""What belongs to a connection that was closed: h2 makes a circle of each, and its parts are small by then."""


@contextmanager
def left_as_garbage() -> Iterator[Counter[str]]:
    """Collect nothing in the block, and count by type at its end what only the collector would free."""
    left: Counter[str] = Counter()
    gc.collect()
    gc.collect()  # what ends with the first
    gc.disable()
    try:
        yield left
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left.update(name for each in gc.garbage if _counts(name := _name(each)))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def _counts(name: str) -> bool:
    return name.startswith(OURS) and not name.startswith(OF_CONNECTIONS)


def _name(each: Any) -> str:
    return f"{type(each).__module__}.{type(each).__qualname__}"
