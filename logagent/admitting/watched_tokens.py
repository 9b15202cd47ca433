"""The tokens of a file that an agent knows, read again whenever the file was changed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import trio

from logagent.core.access.tokens import NoTokensKnown, TokenEntry
from logagent.token_file import read_stamped
from logagent.watched_file import WatchedFile

HALF_WRITTEN = 2.0
"""Seconds for which a file that has become unreadable may be one that somebody is just writing: meanwhile what it held
before counts. After that no token does: one that was taken away must not live on."""

_log = logging.getLogger(__name__)


class WatchedTokens:
    """The tokens of a file, read again whenever it was changed; see `KnownTokens`.

    A file that is not there holds none, and the log is told once. One that has become unreadable counts for a moment as
    it was before, and then as none; one that others can write counts as none at once.

    Args:
        path: of the file.
        clock: seconds from any beginning.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = trio.current_time) -> None:
        self._clock = clock
        self._path = path
        self._is_there = True
        self._file: WatchedFile[tuple[TokenEntry, ...]] = WatchedFile(
            path,
            partial(read_stamped, path, (0, os.geteuid())),
            setting="tokens",
            meanwhile="until it is mended, no token is taken",
            first=(),
            clock=clock,
        )
        self._closed = self._file.fault is not None
        self._tell_of_absence()

    def current(self) -> Sequence[TokenEntry]:
        """Return the entries that count now.

        Raises:
            NoTokensKnown: if the file cannot be used.
        """
        self._file.look()
        fault = self._file.fault
        if fault is None:
            self._closed = False
            self._tell_of_absence()
            return self._file.latest
        self._closed |= fault.suspect or self._clock() >= self._file.broken_since + HALF_WRITTEN
        if self._closed:
            raise NoTokensKnown(str(fault))
        return self._file.latest

    def _tell_of_absence(self) -> None:
        was_there, self._is_there = self._is_there, bool(self._file.latest) or self._path.exists()
        if was_there and not self._is_there:
            _log.warning("tokens: %s is not there: until `logagent token new` makes it, no token is taken", self._path)
