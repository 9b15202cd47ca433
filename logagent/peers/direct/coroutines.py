"""Running coroutines that never wait: those over blocking sockets, whose every call returns when it is done."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def finished(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, and return its result.

    Raises:
        RuntimeError: if it waits for something, which nothing in here would end.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine waits, and there is no event loop")
