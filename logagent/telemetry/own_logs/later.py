"""What is told now and put into words later, by the thread that writes it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from logagent.telemetry.own_logs.told import Told

SIZE = 500
"""Characters that such a thing counts as while it waits: most lines have fewer."""


class Later(NamedTuple):
    """One thing that was told, of which the words are still to be found.

    Attributes:
        time_ns: as in `Told`.
        level: as in `Told`.
        logger: as in `Told`.
        words: returns the message and the fields; called once, in the thread that writes.
        about: what it is called with; nobody changes it any more.
        template: as in `Told`.
    """

    time_ns: int
    level: int
    logger: str
    words: Callable[..., tuple[str, dict[str, Any]]]
    about: tuple[Any, ...]
    template: str = ""

    @property
    def size(self) -> int:
        """Characters that it counts as while it waits."""
        return SIZE

    def told(self) -> Told:
        """Return it in words; a bug in finding them loses these words only."""
        try:
            message, fields = self.words(*self.about)
        except Exception as bug:
            text = f"{self.words.__name__} could not be put into words: {type(bug).__name__}: {bug}"
            return Told(self.time_ns, logging.ERROR, self.logger, text)
        return Told(self.time_ns, self.level, self.logger, message, fields, self.template)
