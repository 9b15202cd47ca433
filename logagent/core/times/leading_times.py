"""A cache of the times in leading formats: lines written in the same second often state the same text."""

from __future__ import annotations

import re

from logagent.core.times.formats import Format
from logagent.core.times.instants import instant_of
from logagent.core.times.layout import KnownTexts
from logagent.core.times.leading_formats import LEADING
from logagent.core.times.wall_clock import WallClock


class LeadingTimes:
    """Reads the times of leading formats, and remembers what their texts stand for.

    Args:
        wall_clock: reads dates and clocks.
    """

    def __init__(self, wall_clock: WallClock) -> None:
        self._wall_clock = wall_clock
        self._known = {form.name: KnownTexts() for form in LEADING}

    def read(self, form: Format, match: re.Match[bytes]) -> int | None:
        """Return the time that a match of a leading format states; None if there is no such time."""
        known, text = self._known.setdefault(form.name, KnownTexts()), match[0]
        time = known.get(text)
        if time is None and (time := instant_of(form, match, self._wall_clock)) is not None:
            known.put(text, time)
        return time
