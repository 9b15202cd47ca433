"""A command line in memory: what is typed, and what is printed."""

from __future__ import annotations

import io
from typing import TypeVar

from logagent.cli import run
from logagent.terminal import arguments
from logagent.terminal.question import Question, hits_question, question
from logagent.terminal.streams import Streams

Kind = TypeVar("Kind")


class Console:
    """The streams of a command, in memory."""

    def __init__(self) -> None:
        self.stdout = io.BytesIO()
        self.stderr = io.StringIO()
        self.streams = Streams(self.stdout, self.stderr)

    def run(self, *argv: str, environ: dict[str, str] | None = None) -> int:
        return run(argv, environ or {}, self.streams)

    @property
    def data(self) -> str:
        return self.stdout.getvalue().decode()

    @property
    def talk(self) -> str:
        return self.stderr.getvalue()


def typed(kind: type[Kind], *argv: str) -> Kind:
    """The arguments of a command, which must be of this kind."""
    parsed = arguments.parse(argv)
    assert isinstance(parsed, kind), parsed
    return parsed


def question_of(*argv: str, environ: dict[str, str] | None = None) -> Question:
    """The question that a `query` or a `follow` asks."""
    return question(typed(arguments.QueryArguments, *argv), environ or {})


def hits_question_of(*argv: str, environ: dict[str, str] | None = None) -> Question:
    """The question that `hits` asks."""
    return hits_question(typed(arguments.HitsArguments, "hits", *argv), environ or {})
