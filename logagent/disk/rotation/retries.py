"""When to retry opening a file, and when to report that it cannot be opened."""

from __future__ import annotations

import math

from logagent.core.outcome import Failure

RETRY_PAUSE = 1.0
"""Seconds until the next search for the successor of a file, if it could not be found or opened."""


class Retries:
    """Consecutive failures to open the files that replaced a followed one.

    Times are in seconds, of any clock that does not run backwards.

    Attributes:
        trouble: the failure to report; None until attempts have failed for `RETRY_PAUSE`, since a program that creates
            a file may take a moment to make it readable.
        not_before: when the next attempt is due.
    """

    def __init__(self) -> None:
        self.trouble: Failure | None = None
        self.not_before = -math.inf
        self._failing_since: float | None = None

    def note(self, failure: Failure | None, now: float) -> None:
        """Note how an attempt ended.

        Args:
            failure: why a file could not be opened, None if all could.
        """
        self.not_before = now + RETRY_PAUSE if failure is not None else now
        if failure is None:
            self._failing_since = self.trouble = None
        elif self._failing_since is None:
            self._failing_since = now
        elif now >= self._failing_since + RETRY_PAUSE:
            self.trouble = failure
