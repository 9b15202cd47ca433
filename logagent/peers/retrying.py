"""How a follow that lost its source tries it again; whoever follows, this holds."""

from __future__ import annotations

FIRST_WAIT = 0.25
"""Seconds before a source is asked again: an agent that restarts is often back after that."""
LONGEST_WAIT = 15.0
"""The wait doubles up to this many seconds: short enough for people, and no load for a network of hundreds of hosts."""
MISSED_HEARTBEATS = 2
"""Heartbeats without a sign of life after which a source counts as dead: a single one may be late."""
GIVEN_UP = 3600.0
"""Seconds after which a source that does not come back is given up and reported: it may have been removed for good."""
LAST_WORDS = 1.0
"""Seconds beyond the timeout to wait for a source's outcome: the source keeps the same deadline itself."""

_OBVIOUS = ("cannot connect: ", "connection lost: ")
"""Beginnings of reasons that only repeat what is told with them."""


def without_the_obvious(reason: str) -> str:
    """Return why a source is lost, as it stands behind the word "lost"."""
    for beginning in _OBVIOUS:
        reason = reason.removeprefix(beginning)
    return reason or "no reason given"
