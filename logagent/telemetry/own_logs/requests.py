"""The story of each request in the agent's own log, under the trace id that all agents that answer it share.

A question to this host alone that ends at once is one line, `ended`, which has all that an access log has. Any other is
told as it goes on: accepted, parsed, asked, the first batch and the end of each host, who was left behind, and ended.
Of a follow only that is told, and what changes about its hosts: with a line for each batch, one that follows these very
lines would never come to rest.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

import trio

from logagent.core.batch import Batch
from logagent.core.outcome import Status
from logagent.telemetry.hook import Asking, LogRead, Observer, Story
from logagent.telemetry.own_logs import story_lines
from logagent.telemetry.own_logs.holding import Holding
from logagent.telemetry.own_logs.later import Later
from logagent.telemetry.own_logs.searched_for import SearchedFor

LOGGER = "logagent.requests"
"""The logger of these lines."""
QUESTIONS = frozenset({"/logs", "/hits"})
"""The routes whose requests are told at `info`; of others, which pages and probes ask each second, refusals are."""
MOST_UNREAD = 20
"""Logs that could not be read which one story tells; a glob may meet thousands, and the verdict has their number."""
MOST_NOTICES = 60
"""Changes about hosts that one story tells within `PERIOD`, since it may go on for months with a host that comes and
goes."""
PERIOD = 3600
"""Seconds after which so many more are told."""

_FINE = frozenset({Status.OK, Status.NOT_FOUND})


class Lines(Protocol):
    """Takes lines; see `LogQueue`."""

    def put(self, told: Later) -> None:
        """Have a line written; never waits."""

    def is_wanted(self, logger: str, level: int) -> bool:
        """Return whether lines of this level are written at all."""


class StoryLog(Observer):
    """Tells the story of each request.

    Args:
        lines: takes them.
        searched_for: spells words and patterns.

    Attributes:
        searched_for: the same; a reload may replace it.
        holding: of the first lines of stories; its `run` has to run beside.
    """

    def __init__(self, lines: Lines, searched_for: SearchedFor) -> None:
        self._lines = lines
        self.searched_for = searched_for
        self.holding = Holding()

    def accepted(self, story: Story) -> None:
        """Begin a story; nothing is told yet."""
        level = logging.INFO if story.path in QUESTIONS else logging.DEBUG
        if self._lines.is_wanted(LOGGER, level):
            story.of[self] = telling = Telling(self._lines, self, story, level)
            self.holding.hold(telling)

    def parsed(self, story: Story) -> None:
        """Tell what is asked, if an agent asks it or it is a follow; else that is held back."""
        telling: Telling | None = story.of.get(self)
        if telling is not None:
            telling.parsed_at = time.time_ns()
            query = story.query
            if telling.released or (query is not None and (query.own or query.follow is not None)):
                telling.release()

    def asked(self, story: Story, asking: Asking) -> None:
        """Tell who is asked, in one line for all that are asked in a row."""
        telling: Telling | None = story.of.get(self)
        if telling is not None:
            telling.ask(asking.host)

    def first_batch(self, story: Story, asking: Asking) -> None:
        """Tell that the first lines of a host have come."""
        telling: Telling | None = story.of.get(self)
        if telling is not None and asking.first is not None:
            spent = story_lines.seconds(asking.began, asking.first)
            telling.tell(telling.level, story_lines.first_batch, story, asking.host, spent)

    def left_behind(self, story: Story, asking: Asking) -> None:
        """Tell that a host is not waited for."""
        telling: Telling | None = story.of.get(self)
        if telling is not None:
            spent = story_lines.seconds(asking.began, time.perf_counter_ns())
            telling.tell(logging.WARNING, story_lines.left_behind, story, asking.host, asking.left, spent)

    def host_ended(self, story: Story, asking: Asking) -> None:
        """Tell how a host has ended, unless it is told already that it was left behind."""
        telling: Telling | None = story.of.get(self)
        if telling is not None and not asking.left:
            fine = asking.outcome is None or asking.outcome.status in _FINE
            telling.tell(telling.level if fine else logging.WARNING, story_lines.host_ended, story, asking)

    def read(self, story: Story, reading: LogRead) -> None:
        """Tell of a log that could not be read to its end."""
        outcome = reading.outcome
        telling: Telling | None = None if outcome is None or outcome.status in _FINE else story.of.get(self)
        if telling is None or outcome is None:
            return
        if telling.unread == MOST_UNREAD:
            telling.not_told += 1
            return
        telling.unread += 1
        telling.tell(logging.WARNING, story_lines.unread, story, reading.log, outcome)

    def sent(self, story: Story, batch: Batch, lines: int) -> None:
        """Tell what a follow says of its hosts; nothing of the batch."""
        if batch.notices:
            telling: Telling | None = story.of.get(self)
            if telling is not None:
                telling.notice(batch)

    def ended(self, story: Story) -> None:
        """Tell how it ended."""
        telling: Telling | None = story.of.pop(self, None)
        if telling is None:
            telling = Telling(self._lines, self, story, logging.DEBUG)
        telling.end()


class Telling:
    """The lines of one story.

    Args:
        lines: takes them.
        log: knows how words are spelled.
        story: is told.
        level: of what goes well.

    Attributes:
        level: the same.
        released: whether its first lines are told.
        parsed_at: when the question was understood, in nanoseconds since the epoch; None: it was not yet.
        unread: logs that could not be read which were told.
        not_told: how many such, and how many changes, were not.
    """

    __slots__ = (
        "_asked",
        "_asked_at",
        "_ended",
        "_hidden",
        "_lines",
        "_log",
        "_noticed",
        "_story",
        "_told_parsed",
        "level",
        "not_told",
        "parsed_at",
        "released",
        "unread",
    )

    def __init__(self, lines: Lines, log: StoryLog, story: Story, level: int) -> None:
        self._lines = lines
        self._log = log
        self._story = story
        self.level = level
        self.released = self._ended = self._told_parsed = False
        self.parsed_at: int | None = None
        self._asked: list[str] | None = None
        self._asked_at = 0
        self._noticed = (0.0, 0)
        self.unread = self.not_told = self._hidden = 0

    def release(self) -> None:
        """Tell what is held back: the first lines, and whom it asks."""
        if self._ended:
            return
        story = self._story
        if not self.released:
            self.released = True
            self._put(story.accepted_at, self.level, story_lines.accepted, (story,))
        if self.parsed_at is not None and not self._told_parsed:
            self._told_parsed = True
            about = (story, story.query, self._log.searched_for)
            self._put(self.parsed_at, self.level, story_lines.parsed, about)
        if self._asked:
            hosts, self._asked = self._asked, None
            self._put(
                self._asked_at, self.level, story_lines.asked, (story, sorted(set(hosts)))
            )  # a follow asks for what was and what comes

    def ask(self, host: str) -> None:
        """Note that a host is asked; it is told with the others that are asked in a row."""
        if not self._asked:
            self._asked, self._asked_at = [], time.time_ns()
            self._log.holding.hold(self)
        self._asked.append(host)

    def tell(self, level: int, words: Callable[..., story_lines.Line], *about: Any) -> None:
        """Tell an event, after all that was before it."""
        self.release()
        self._put(time.time_ns(), level, words, about)

    def notice(self, batch: Batch) -> None:
        """Tell what a batch says of hosts, as long as that is not too much."""
        now = trio.current_time()
        for notice in batch.notices:
            began, count = self._noticed
            if not count or now >= began + PERIOD:
                began, count = now, 0
            if count >= MOST_NOTICES:
                self._hidden += 1
                self.not_told += 1
                continue
            self._noticed = (began, count + 1)
            hidden, self._hidden = self._hidden, 0
            level = self.level if notice.status is Status.OK else logging.WARNING
            self.tell(level, story_lines.noticed, self._story, notice, hidden)

    def end(self) -> None:
        """Tell how it ended."""
        if self.released or self._asked:
            self.release()
        self._ended = True
        level = _level_of_end(self._story, whole=self.released)
        if self.released or not (self._story.refusal_told or self._story.asks_itself):
            level = max(level, self.level)
        about = (self._story, self._log.searched_for, self.released, self.not_told)
        self._put(time.time_ns(), level, story_lines.ended, about)

    def _put(self, time_ns: int, level: int, words: Callable[..., story_lines.Line], about: tuple[Any, ...]) -> None:
        if self._lines.is_wanted(LOGGER, level):
            self._lines.put(Later(time_ns, level, LOGGER, words, about))


def _level_of_end(story: Story, *, whole: bool) -> int:
    """Return the level of a story's end; a document, or a client that has left, is told as the rest of its story.

    Args:
        story: which has ended.
        whole: whether lines before have told what was asked; else a refusal that is told already is nothing new.
    """
    if story.reason:
        return logging.DEBUG if (story.refusal_told or story.asks_itself) and not whole else logging.INFO
    if story.outcome is None or story.outcome.status in _FINE:
        return logging.DEBUG
    return logging.ERROR if story.outcome.status is Status.INTERNAL else logging.WARNING
