"""The agent's own log in memory: what is told, put into words at once."""

from __future__ import annotations

import logging
from typing import Any

from logagent.telemetry.own_logs.later import Later
from logagent.telemetry.own_logs.searched_for import SearchedFor
from logagent.telemetry.own_logs.told import Told


class LinesInMemory:
    """Keeps all that is told from a level on.

    Attributes:
        told: in words, in the order in which it came.
    """

    def __init__(self, level: int = logging.INFO) -> None:
        self.told: list[Told] = []
        self._level = level

    def put(self, told: Later) -> None:
        self.told.append(told.told())

    def is_wanted(self, logger: str, level: int) -> bool:
        return level >= self._level

    @property
    def messages(self) -> list[str]:
        return [each.message for each in self.told]

    @property
    def events(self) -> list[str]:
        return [str(each.fields["event"]) for each in self.told]

    def of(self, event: str) -> list[dict[str, Any]]:
        """The members of all lines of an event."""
        return [dict(each.fields) for each in self.told if each.fields.get("event") == event]


SECRET = SearchedFor(b"k" * 32)
"""Spells words as hashes, with a key that tests know."""
