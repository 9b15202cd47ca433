"""The names of logs that were seen, so that a log is still known at a moment when its live file is missing.

A rotation renames the live file, and the program creates the next one a moment later, or only when it has something to
write. Whether `app.log.old` or `web.1` is a generation depends on whether `app.log` and `web` are there. If that
changed with each rotation, a follow would take the generation for a new log, and give its lines once more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Sequence

KEPT = 10_000
"""Names that are remembered: twice as many as one listing may have logs, and about a hundred bytes each."""


class LiveNames:
    """The names of live files below one root; threads may share it.

    Args:
        kept: names that are remembered; the one that was not seen for longest is forgotten first.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._seen: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()

    def note(self, directory: str, names: Sequence[str]) -> None:
        """Remember that live files were seen in a directory.

        Args:
            directory: below the root, with every link resolved.
            names: without the directory.
        """
        with self._lock:
            for name in names[-self._kept :]:
                self._seen.pop((directory, name), None)
                self._seen[directory, name] = None
            while len(self._seen) > self._kept:
                del self._seen[next(iter(self._seen))]

    def beside(
        self, directory: str, listed: Container[str], is_shown: Callable[[str], bool] | None = None
    ) -> Container[str]:
        """Return the names that count as present in a directory: those listed, and the live ones that were seen.

        Args:
            is_shown: tells which of the latter count for whoever asks; None: all.
        """
        return _Beside(self._seen, directory, listed, is_shown)


class _Beside:
    def __init__(
        self,
        seen: Container[tuple[str, str]],
        directory: str,
        listed: Container[str],
        is_shown: Callable[[str], bool] | None,
    ) -> None:
        self._seen = seen
        self._directory = directory
        self._listed = listed
        self._is_shown = is_shown

    def __contains__(self, name: object) -> bool:
        if name in self._listed:
            return True
        if (self._directory, name) not in self._seen:
            return False
        return self._is_shown is None or self._is_shown(str(name))
