"""What is told for the agent's own log, targets that keep it or fail when a test says so, and a full disk."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from logagent.telemetry.own_logs.targets import LogTarget
from logagent.telemetry.own_logs.told import Told


def told(message: str = "a thing happened", level: int = logging.INFO, template: str = "", **fields: Any) -> Told:
    return Told(1_795_212_327_123_456_789, level, "logagent.web", message, fields, template)


def warning(message: str, template: str = "", logger: str = "logagent.web") -> Told:
    return Told(0, logging.WARNING, logger, message, {}, template)


def messages(lines: Sequence[Told]) -> list[str]:
    return [line.message for line in lines]


class Kept(LogTarget):
    """Keeps lines, as many as it has room for."""

    def __init__(self, name: str = "kept", room: int = 1 << 30) -> None:
        super().__init__(name)
        self.messages: list[str] = []
        self.room = room
        self.is_closed = False

    def write(self, lines: Sequence[Told]) -> int:
        taken = lines[: self.room]
        self.room -= len(taken)
        self.messages += messages(taken)
        self.fault = "" if len(taken) == len(lines) else "no room"
        return len(taken)

    def close(self) -> None:
        self.is_closed = True


@contextmanager
def full_from(size: int) -> Iterator[None]:
    """Have files take no byte behind a size, as on a full disk: a write that reaches it is short, the next fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
