"""The steps of reaching a peer, and what came of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """What came of a step."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not tried"


class Peer(NamedTuple):
    """An agent to be reached.

    Attributes:
        name: by which it is listed; empty: it is only known by its URL.
        where: the setting that lists it, for what is to be mended.
    """

    name: str
    url: str
    where: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        said: what was found.
        mend: what to do; empty: nothing.
    """

    name: str
    state: State
    said: str = ""
    mend: str = ""


class StepFailed(Exception):
    """A step failed, so that those after it cannot be tried.

    Attributes:
        said: why.
        mend: what to do.
    """

    def __init__(self, said: str, mend: str) -> None:
        super().__init__(said)
        self.said = said
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Examination:
    """All steps of one peer."""

    peer: Peer
    steps: tuple[Step, ...]

    @property
    def failing(self) -> Step | None:
        """The first step that failed."""
        return next((step for step in self.steps if step.state is State.FAILED), None)
