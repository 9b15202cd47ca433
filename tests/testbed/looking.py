"""Files that change at any moment: just before the nth time that somebody looks at one of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

_LOOKS = ("open", "fstat", "pread", "preadv", "stat", "dup")


@contextmanager
def change_before_look(path: Path, number: int, change: Callable[[], object]) -> Iterator[Callable[[], int]]:
    """Call `change` before the nth look at a file, counted from 0: before it is opened, asked for its size, or read.

    Yields a function that returns how many looks there were.
    """
    looks = 0
    real: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in _LOOKS}

    def is_at(file: object) -> bool:
        with suppress(OSError, TypeError, ValueError):
            return os.path.samestat(real["fstat"](file) if isinstance(file, int) else real["stat"](file), known)
        return False

    def looking(name: str) -> Callable[..., Any]:
        def look(file: Any, *args: Any, **more: Any) -> Any:
            nonlocal looks
            if is_at(file):
                looks += 1
                if looks == number + 1:
                    change()
            return real[name](file, *args, **more)

        return look

    with pytest.MonkeyPatch.context() as patch:
        known = path.stat()
        for name in _LOOKS:
            patch.setattr(os, name, looking(name))
        yield lambda: looks
