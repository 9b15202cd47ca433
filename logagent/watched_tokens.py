"""The tokens of a file that an agent knows, read again whenever the file was changed."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from logagent.core.access.tokens import NoTokensKnown, TokenEntry
from logagent.token_file import Stamp, TokensFault, read_stamped, stamp_of

LOOK_AGAIN = 0.5
"""Seconds after which it is looked whether the file was changed, so that a change counts within a second."""
HALF_WRITTEN = 2.0
"""Seconds for which a file that has become unreadable may be one that somebody is just writing: meanwhile what it held
before counts. After that no token does: one that was taken away must not live on."""
SETTLED = 1.0
"""Seconds after which a change of the file is sure to show in its times, which the kernel counts in ticks."""

_log = logging.getLogger(__name__)


class WatchedTokens:
    """The tokens of a file, read again whenever it was changed; see `KnownTokens`.

    A file that is not there holds none. One that has become unreadable counts for a moment as it was before, and then
    as none; one that others can write counts as none at once. Each fault is logged once.

    Args:
        path: of the file.
        clock: seconds from any beginning.
        now: seconds since the epoch.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float] = trio.current_time, now: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._clock = clock
        self._now = now
        self._entries: tuple[TokenEntry, ...] = ()
        self._stamp: Stamp | None = None
        self._fault = ""
        self._closed = True
        self._broken_since = self._looked = -float("inf")
        self._look(-float("inf"))

    def current(self) -> Sequence[TokenEntry]:
        """Return the entries that count now.

        Raises:
            NoTokensKnown: if the file cannot be used.
        """
        clock = self._clock()
        if clock >= self._looked + LOOK_AGAIN:
            self._looked = clock
            self._look(clock)
        if self._fault and (self._closed or clock >= self._broken_since + HALF_WRITTEN):
            self._closed = True
            raise NoTokensKnown(self._fault)
        return self._entries

    def _look(self, clock: float) -> None:
        stamp = self._stamp_now()
        if self._stamp is not None and self._stamp == stamp:
            return
        try:
            self._entries, stamp = read_stamped(self._path, (0, os.geteuid()))
        except TokensFault as fault:
            self._break(fault, clock)
            self._stamp = stamp if fault.lasting and self._is_settled(stamp) else None
            return
        if self._fault:
            _log.warning("%s is read again", self._path)
        self._fault, self._closed = "", False
        self._stamp = stamp if self._is_settled(stamp) else None

    def _is_settled(self, stamp: Stamp) -> bool:
        return not stamp or self._now() >= stamp[-1] / 1e9 + SETTLED

    def _break(self, fault: TokensFault, clock: float) -> None:
        if not self._fault:
            self._broken_since = clock
        self._closed |= fault.suspect
        if str(fault) != self._fault:
            _log.error("%s; until it is mended, no token is taken", fault)
        self._fault = str(fault)

    def _stamp_now(self) -> Stamp:
        try:
            return stamp_of(self._path.stat())
        except FileNotFoundError:
            return ()
        except OSError:
            return (-1,)
