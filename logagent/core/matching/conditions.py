"""Conditions on lines: interfaces that literals and regular expressions implement.

A condition searches a whole block, filters lines that another condition found, tests one line, or tests a line that
comes window by window.
"""

from __future__ import annotations

from typing import Protocol

from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.spans import Span


class Scout(Protocol):
    """Tells quickly which blocks hold no match; for one thread at a time."""

    def may_hold(self, block: bytes) -> bool:
        """Return whether any of the lines that are whole in a block may match."""
        ...


class Condition(Protocol):
    """One condition on lines; for one thread at a time."""

    @property
    def finds(self) -> bool:
        """Whether it selects lines that hold something; if not, it drops them."""
        ...

    @property
    def overlap(self) -> int:
        """Bytes that each window of a long line must share with the window before it."""
        ...

    def some_spans(self, block: bytes) -> list[Span] | None:
        """Return the lines of a block that fulfil the condition; None: all of them do."""
        ...

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        """Return the spans of those lines, out of some lines of a block, that fulfil the condition."""
        ...

    def allows(self, line: bytes) -> bool:
        """Return whether a line, given without its line break, fulfils the condition."""
        ...

    def rules_out(self, text: bytes) -> bool:
        """Return true if a quick check shows that no line of a text fulfils the condition."""
        ...

    def inspect(self) -> ConditionInWindows:
        """Begin the test of one line that comes in windows; the caller must call `end`."""
        ...

    def scout(self) -> Scout | None:
        """Return a new scout, for another thread; None if scouting is as slow as searching."""
        ...

    def places(self, sample: bytes) -> LiteralPlaces | None:
        """Return what finds all that makes lines fulfil the condition; None if it is more than one literal.

        Args:
            sample: a text like those that are searched.
        """
        ...


class ConditionInWindows(Protocol):
    """One condition on one line that comes in windows."""

    def see(self, window: bytes, old: int) -> None:
        """Search the next window.

        Args:
            window: its bytes.
            old: how many of them, at its beginning, were also in the window before it.
        """
        ...

    def end(self) -> bool:
        """Free the memory, and return whether the line fulfils the condition."""
        ...
