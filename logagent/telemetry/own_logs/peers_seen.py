"""Which peers do not answer, as the questions to them show it: told once when one goes, and once when it is back."""

from __future__ import annotations

import logging
import time
from typing import Any

from logagent.core.escapes import in_line
from logagent.core.outcome import Status
from logagent.core.wire.trace import trace_id
from logagent.telemetry.hook import Asking, Observer, Story
from logagent.telemetry.own_logs.later import Later
from logagent.telemetry.own_logs.requests import Lines
from logagent.telemetry.own_logs.story_lines import after, seconds

LOGGER = "logagent.peers"
"""The logger of these lines."""


class PeerLog(Observer):
    """Tells of each peer that stops answering, whatever was asked, and that it answers again.

    Args:
        lines: takes them.
        name: the agent's own, of which nothing is told.
    """

    def __init__(self, lines: Lines, name: str) -> None:
        self._lines = lines
        self._name = name
        self._away: dict[str, int] = {}

    def first_batch(self, story: Story, asking: Asking) -> None:
        """Tell that a peer is back, if it was away."""
        if asking.host in self._away:
            self._tell_back(story, asking.host)

    def host_ended(self, story: Story, asking: Asking) -> None:
        """Tell that a peer is away, or is back."""
        host, outcome = asking.host, asking.outcome
        if asking.left or (outcome is not None and outcome.status is Status.UNAVAILABLE):
            if host not in self._away and host != self._name:
                self._away[host] = time.perf_counter_ns()
                why = asking.left or (outcome.message if outcome is not None else "")
                self._tell(logging.WARNING, _is_away, story, host, why)
        elif outcome is not None and host in self._away:
            self._tell_back(story, host)

    def _tell_back(self, story: Story, host: str) -> None:
        spent = seconds(self._away.pop(host), time.perf_counter_ns())
        self._tell(logging.INFO, _is_back, story, host, spent)

    def _tell(self, level: int, words: Any, *about: Any) -> None:
        if self._lines.is_wanted(LOGGER, level):
            self._lines.put(Later(time.time_ns(), level, LOGGER, words, about))


def _is_away(story: Story, peer: str, why: str) -> tuple[str, dict[str, Any]]:
    told = {"event": "peer_away", "trace_id": trace_id(story.trace), "asked_host": peer, "reason": why}
    return f"{in_line(peer)} does not answer: {why}", told


def _is_back(story: Story, peer: str, spent: float) -> tuple[str, dict[str, Any]]:
    told = {"event": "peer_back", "trace_id": trace_id(story.trace), "asked_host": peer, "seconds": spent}
    return f"{in_line(peer)} answers again, after {after(spent)}", told
