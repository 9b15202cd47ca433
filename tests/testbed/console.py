"""A command line in memory: what is typed, and what is printed."""

from __future__ import annotations

import io
from argparse import Namespace

from logagent.cli import run
from logagent.terminal import arguments
from logagent.terminal.streams import Streams


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


def typed(*argv: str) -> Namespace:
    namespace = arguments.parse(argv)
    assert isinstance(namespace, Namespace), namespace.text
    return namespace
