"""Counting what is refused before a request has a story: what is no HTTP, shows no certificate, or floods."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

KINDS = {"TLS": "tls", "flood": "flood"}
"""Refusals without a status code of HTTP, by what the server calls them."""

_log = logging.getLogger("logagent.refusals")


class _Early(logging.Handler):
    """Counts refusals of the server, which says that they are early."""

    def __init__(self, count: Callable[[int | str], None]) -> None:
        super().__init__()
        self._count = count

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "early", False):
            status: int | str = getattr(record, "status", 0)
            self._count(status if isinstance(status, int) else KINDS.get(status, "other"))


@contextmanager
def counted_early(count: Callable[[int | str], None]) -> Iterator[None]:
    """Have refusals counted that come before any route, by status code or kind, while the block runs.

    They are those of the whole process, which serves as one agent.
    """
    handler = _Early(count)
    _log.addHandler(handler)
    try:
        yield
    finally:
        _log.removeHandler(handler)
