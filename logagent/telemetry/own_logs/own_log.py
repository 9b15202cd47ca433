"""The agent's own log as its settings have it: which targets, which levels, and how both change while it runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from logagent.config import own_log
from logagent.config.settings import Settings
from logagent.telemetry.own_logs.files import Files
from logagent.telemetry.own_logs.handler import QueueHandler
from logagent.telemetry.own_logs.journald import Journal
from logagent.telemetry.own_logs.lines import json_lines, logfmt_lines, plain_text
from logagent.telemetry.own_logs.queue import LogQueue
from logagent.telemetry.own_logs.repeats import REFUSALS, STORIES
from logagent.telemetry.own_logs.syslog import LOCAL, local_syslog, remote_syslog
from logagent.telemetry.own_logs.targets import Descriptor, LogTarget
from logagent.telemetry.own_logs.writer import Writer

NOTHING = logging.CRITICAL + 1
"""The level of loggers of which nothing is written."""

_OF_TARGETS = ("log_to", "log_directory", "log_max_bytes", "log_keep")
"""The settings by which targets are made."""


class OwnLog:
    """The agent's own log.

    Args:
        settings: of the agent.
        stderr: the descriptor of standard error.
        is_terminal: whether that is a terminal.

    Attributes:
        queue: takes what is told.
        targets: where it goes.
    """

    def __init__(self, settings: Settings, stderr: int, *, is_terminal: bool = False) -> None:
        self._settings = settings
        self._stderr = stderr
        self._is_terminal = is_terminal
        self.targets = self._made(settings)
        self._writer = Writer(self.targets, Descriptor(stderr, plain_text))
        self.queue = LogQueue(self._writer)
        self._handler = QueueHandler(self.queue)
        self._leveled: set[str] = set()
        self._is_started = False

    @property
    def tells_refusals_apart(self) -> bool:
        """Whether refusals stand on standard error as lines for people."""
        return own_log.AUTO in self._settings.log_to

    @property
    def dropped(self) -> int:
        """Lines so far that could not be written; see `Writer.dropped`."""
        return self._writer.dropped

    def start(self) -> None:
        """Take what all loggers of the agent tell."""
        self._is_started = True
        self._set_levels(self._settings.log_level)
        logging.getLogger(own_log.LOGGER).addHandler(self._handler)

    def close(self) -> None:
        """Write what waits, for a bounded time, and take nothing more."""
        self._is_started = False
        logging.getLogger(own_log.LOGGER).removeHandler(self._handler)
        self.queue.close()
        self._set_levels(None)

    def renew(self, settings: Settings) -> None:
        """Take other settings; of loggers, if it has started."""
        before, self._settings = self._settings, settings
        if any(getattr(before, name) != getattr(settings, name) for name in _OF_TARGETS):
            self.targets = self._made(settings)
            self._writer.replace(self.targets)
            self.queue.rouse()
        if self._is_started:
            self._set_levels(settings.log_level)

    def _set_levels(self, levels: Mapping[str, int] | None) -> None:
        """Set the levels of loggers, none below what any target takes; None: as if nobody had set any."""
        for name in self._leveled:
            logging.getLogger(name).setLevel(logging.NOTSET)
        self._leveled = set()
        if levels is not None:
            least = min((target.least for target in self.targets), default=NOTHING)
            for name, level in {own_log.LOGGER: logging.INFO, **levels}.items():
                logging.getLogger(name).setLevel(max(level, least))
                self._leveled.add(name)
        self.queue.forget_levels()

    def _made(self, settings: Settings) -> Sequence[LogTarget]:
        targets: list[LogTarget] = []
        for name in settings.log_to:
            targets += self._targets_of(name, settings)
        return targets

    def _targets_of(self, name: str, settings: Settings) -> list[LogTarget]:
        kind, _, where = name.partition(":")
        match kind:
            case own_log.AUTO:
                return [*_files(settings), self._as_ever()]
            case own_log.FILES:
                return _files(settings)
            case own_log.STDERR:
                form = logfmt_lines if self._is_terminal else json_lines
                return [Descriptor(self._stderr, form(settings.name))]
            case own_log.JOURNALD:
                return [Journal(settings.name)]
            case own_log.SYSLOG if where and not where.startswith("/"):
                return [remote_syslog(settings.name, *own_log.host_and_port(where))]
            case own_log.SYSLOG:
                return [local_syslog(settings.name, where or LOCAL)]
            case _:
                return []

    def _as_ever(self) -> LogTarget:
        """Return standard error as a program has it that says nothing of its log: warnings, as words for people."""
        target = Descriptor(self._stderr, plain_text)
        target.least, target.counts_repeats, target.skips = logging.WARNING, False, (REFUSALS, STORIES)
        return target


def _files(settings: Settings) -> list[LogTarget]:
    if settings.log_directory is None:
        return []
    return [
        Files(
            settings.log_directory,
            settings.name,
            json_lines(settings.name),
            max_bytes=settings.log_max_bytes,
            keep=settings.log_keep,
        )
    ]
