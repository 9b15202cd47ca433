"""Waiting for an agent no longer than its answer may take, and the ways in which there is none."""

from __future__ import annotations

import math
import time

LONGEST = 1_000_000.0
"""Seconds of one wait at most: what poll(2) counts in milliseconds has 31 bits. Nothing is silent for eleven days."""


class Lost(Exception):
    """There is no answer, or not the rest of it; the message is a sentence for people."""


class Late(Exception):
    """The time is over that an answer may take."""


class SpeaksHttp1(Exception):
    """The other side agreed on HTTP/1.1 only, as a proxy may, or is reached over ssh: it has to be asked on Trio."""


def left(until: float) -> float | None:
    """Return the seconds that are left for one wait; None if there is no end.

    Args:
        until: when waiting ends, as `time.monotonic` tells it; infinity: never.

    Raises:
        Late: if none are left.
    """
    if until == math.inf:
        return None
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise Late
    return min(seconds, LONGEST)
