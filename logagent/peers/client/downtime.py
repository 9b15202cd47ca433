"""Since when an agent is down, and when it is tried again, as the attempts to connect to it tell."""

from __future__ import annotations

from typing import NamedTuple

TELL_DOWNTIME = "logagent.downtime"
"""The extension of a request of httpx that holds a function: where the agent turns out to be down, or to be on its way
back only, it is called with a `Downtime`."""


class Downtime(NamedTuple):
    """How long an agent has been down; all in seconds of Trio's clock.

    Attributes:
        since: when the first of the attempts ended that have failed in a row.
        tried: when the last of them ended.
        waits: from when on a question, or the agent itself, tries it again with all the time that an attempt has.
    """

    since: float
    tried: float
    waits: float
