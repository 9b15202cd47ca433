"""A file descriptor shared by a caller and the thread that reads for it, either of which may be done first."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SharedDescriptor:
    """A descriptor that is opened at its first use, and closed once it was given up and is not in use.

    A read that hangs in the kernel outlives its caller if that is cancelled. If the caller closed the descriptor, the
    kernel could give its number to another file, and the thread's next read would read that. So whichever of the two
    ends last closes it.

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
        """Keep the descriptor open until the block ends, in one thread at a time; errors of the opener propagate.

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
        """Close the descriptor; if a thread uses it, that thread closes it when it is done, and this does not wait."""
        self._given_up = True
        self._close_if_last()

    def _close_if_last(self) -> None:
        with self._lock:
            if self._in_use or not self._given_up or self._descriptor is None:
                return
            descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)
