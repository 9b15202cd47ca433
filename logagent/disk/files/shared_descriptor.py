"""A file descriptor shared by a caller and the thread that reads for it, either of which may be done first."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SharedDescriptor:
    """A descriptor that is opened at its first use, and closed once it was given up and nobody uses it.

    A read that hangs in the kernel outlives the caller that was cancelled meanwhile. If the caller closed the
    descriptor, its number could go to another file, and the read with it. So the last of the two to let go closes it.

    Args:
        opener: gives the descriptor.
    """

    def __init__(self, opener: Callable[[], int]) -> None:
        self._opener = opener
        self._descriptor: int | None = None
        self._lock = threading.Lock()
        self._in_use = False
        self._given_up = False

    @contextmanager
    def use(self) -> Iterator[int]:
        """Keep the descriptor open until the block ends, in one thread at a time; errors of the opener pass through.

        Raises:
            ValueError: after `give_up`.
        """
        with self._lock:
            if self._given_up:
                raise ValueError("the descriptor was given up")
            self._in_use = True
        try:
            if self._descriptor is None:
                self._descriptor = self._opener()
            yield self._descriptor
        finally:
            self._in_use = False
            self._close_if_last()

    def give_up(self) -> None:
        """Close the descriptor, or have the thread that uses it close it in the end, without waiting for that."""
        self._given_up = True
        self._close_if_last()

    def _close_if_last(self) -> None:
        with self._lock:
            if self._in_use or not self._given_up or self._descriptor is None:
                return
            descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)
