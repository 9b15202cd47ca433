"""How a follow goes on after lost connections: from which place, with which question, and how long it is tried."""

from __future__ import annotations

import math
from collections.abc import Callable

from logagent.client.asked import Pairs
from logagent.client.records import Moved
from logagent.client.values import LogLine
from logagent.core.batch import Notice
from logagent.core.outcome import Status
from logagent.core.query import HEARTBEAT
from logagent.core.wire import parameter_values as values
from logagent.peers.answers import LEAST_TIME
from logagent.peers.retrying import FIRST_WAIT, LONGEST_WAIT, MISSED_HEARTBEATS, without_the_obvious

_EARLIER = frozenset({"n", "n_per_file", "since", "cursor"})
"""The parameters that say with which lines a follow begins."""


class Resuming:
    """How far a follow has come, and since when its agent is away.

    Args:
        pairs: the parameters of the follow.
        now: seconds from any beginning.
        give_up: seconds after which an agent that stays away is given up.
        spread: returns a random factor for each wait, so that many who lost one agent do not come back together.

    Attributes:
        cursor: from which another follow continues behind the last line taken; empty if none is known.
        lines: how many lines were taken.
        deadline: when the follow has taken all the time that it may.
        silence: seconds after which an agent that says nothing is lost.

    Raises:
        BadParameter: for a heartbeat or a timeout that is none.
    """

    def __init__(self, pairs: Pairs, now: float, give_up: float, spread: Callable[[], float]) -> None:
        self._pairs = pairs
        self._give_up = give_up
        self._spread = spread
        given = {name: value.decode("utf-8", "replace") for name, value in pairs}
        beat = values.heartbeat("heartbeat", [given["heartbeat"]], 0) if "heartbeat" in given else HEARTBEAT
        self.silence = MISSED_HEARTBEATS * beat
        self._timeout = values.seconds("timeout", [given["timeout"]], 0) if "timeout" in given else math.inf
        self.deadline = now + self._timeout
        self._room = int(given["max_bytes"]) if given.get("max_bytes", "").isdigit() else None
        self.cursor = given.get("cursor", "")
        self.lines = 0
        self._bytes = 0
        self._lacks_cursor = False
        self._reached = self._moved = False
        self._away_since: float | None = None
        self._wait = FIRST_WAIT

    def question(self, now: float) -> Pairs:
        """Return the parameters for the next attempt."""
        changed: Pairs = []
        left = set[str]()
        if self._timeout < math.inf:
            changed.append(("timeout", f"{max(self.deadline - now, LEAST_TIME):.3f}".encode()))
        if self._room is not None:
            changed.append(("max_bytes", str(max(self._room - self._bytes, 1)).encode()))
        if self._lacks_cursor:  # what was taken is not asked for again
            left, changed = set(_EARLIER), [*changed, ("n", b"0")]
        elif self._moved:
            left, changed = set(_EARLIER), [*changed, ("cursor", self.cursor.encode())]
        left.update(name for name, _ in changed)
        return [pair for pair in self._pairs if pair[0] not in left] + changed

    def take(self, item: LogLine | Moved) -> None:
        """Note that a line is given out, or that the place has moved without one."""
        self._moved = True
        self._lacks_cursor = isinstance(item, LogLine) and not item.cursor
        self.cursor = item.cursor
        if isinstance(item, LogLine):
            self.lines += 1 + item.line.count("\n")
            self._bytes += len(item.data) + 1

    def hear(self, now: float) -> Notice | None:
        """Note that the agent sends something, and return what is to be told of it."""
        away, self._away_since = self._away_since, None
        self._wait = FIRST_WAIT
        if away is None:
            return None
        back = f"back after {now - away:.1f} s"
        if self._lacks_cursor:
            return Notice("", Status.DATA_LOSS, f"{back}; there was no cursor to go on from: lines may be missing")
        return Notice("", Status.OK, back)

    def lose(self, why: str, now: float) -> Notice | None:
        """Note that the agent is lost, and return what is to be told of it; None if it was told.

        Args:
            why: in words.
            now: seconds from the same beginning.
        """
        if self._away_since is not None:
            return None
        self._away_since = now
        return Notice("", Status.UNAVAILABLE, f"lost: {without_the_obvious(why)}; trying again")

    def reach(self) -> None:
        """Note that the agent has taken the question."""
        self._reached = True

    @property
    def may_resume(self) -> bool:
        """Whether the agent ever took the question: one that cannot be reached at first is no lost one."""
        return self._reached

    def wait(self, now: float, at_least: float = 0.0) -> float | None:
        """Return the seconds to wait before the next attempt, longer each time; None if it is given up.

        Args:
            now: seconds from the same beginning.
            at_least: seconds that the agent asked for.
        """
        away = self._away_since if self._away_since is not None else now
        if now >= min(away + self._give_up, self.deadline):
            return None
        wait = max(self._wait * self._spread(), at_least)
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        return min(wait, max(self.deadline - now, 0.0))
