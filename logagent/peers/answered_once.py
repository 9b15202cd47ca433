"""Which questions that came through agents are answered here, and by which way each came: nobody answers one twice.

What an agent answers has two parts: for its own logs, and for the hosts behind it. Each is answered for the way by
which it was asked for first, and again for that way, as when a follow is resumed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import trio

from logagent.core.wire.through import Through

REMEMBERED = 60.0
"""Seconds for which a question is remembered after its last answer ended: other ways may be slower than that answer."""
MOST = 20_000
"""Questions that are remembered: a busy fleet asks some hundred in a minute, and each takes half a kilobyte."""


class AnswerPart(enum.Enum):
    """What of an agent's answer is meant.

    Attributes:
        OWN: the lines of its own logs.
        BEHIND: those of the hosts behind it.
    """

    OWN = "own"
    BEHIND = "behind"


@dataclass(slots=True)
class _Remembered:
    ways: dict[AnswerPart, tuple[str, ...]] = field(default_factory=dict)
    answers: int = 0
    ended: float = 0.0


class AnsweredOnce:
    """The questions that one agent answers, or answered a short while ago."""

    def __init__(self) -> None:
        self._questions: dict[str, _Remembered] = {}

    def take(self, through: Through, wanted: Sequence[AnswerPart]) -> frozenset[AnswerPart]:
        """Take parts of a question, as far as they are not answered for another way, and return those taken.

        Args:
            through: by which way the question came.
            wanted: which parts are asked for.
        """
        self._forget()
        known = self._questions.pop(through.id, None) or _Remembered()
        known.ended = trio.current_time()
        self._questions[through.id] = known
        way = tuple(agent.id for agent in through.way)
        return frozenset(share for share in wanted if known.ways.setdefault(share, way) == way)

    @contextmanager
    def answering(self, through: Through) -> Iterator[None]:
        """Remember a question while the block runs, and for a while after."""
        known = self._questions.setdefault(through.id, _Remembered())
        known.answers += 1
        try:
            yield
        finally:
            known.answers -= 1
            known.ended = trio.current_time()

    def _forget(self) -> None:
        """Forget what ended long ago, or is too much, oldest first; no further questions are gone through."""
        late, forgotten = trio.current_time() - REMEMBERED, list[str]()
        for id, known in self._questions.items():
            is_over = not known.answers and known.ended < late
            if not is_over and len(self._questions) - len(forgotten) <= MOST:
                break
            if not known.answers:
                forgotten.append(id)
        for id in forgotten:
            del self._questions[id]
