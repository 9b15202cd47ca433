"""A clock that stands still unless a test moves it."""

from __future__ import annotations


class Clock:
    """Seconds that pass when a test says so.

    Attributes:
        now: what the clock says.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
