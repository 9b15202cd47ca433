"""Printing what a source answers, on Trio."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import trio

from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.peers.direct.waiting import Late
from logagent.terminal.answer import GRACE, print_batches
from logagent.terminal.pipe import Pipe
from logagent.terminal.question import Question
from logagent.terminal.streams import Streams


async def show(source: Source, asked: Question, streams: Streams, environ: Mapping[str, str]) -> Outcome | None:
    """Print what a source answers.

    Returns:
        How it ended, without the notes that were printed at once; None if nobody reads the output any more.

    Raises:
        OSError: if the answer cannot be written.
        ConfigError: if the time zone of a chart is unknown.
    """
    with trio.CancelScope() as scope:
        pipe = Pipe(streams.stdout, scope.cancel)
        # A follow may have nothing to write for hours, by which it would notice.
        with pipe.watched() if asked.query.follow else contextlib.nullcontext():
            printed = await print_batches(_InTime(source), asked, streams, environ, pipe.write, trio.current_time)
            outcome = await printed.end(asked)
    return None if pipe.is_closed() else outcome


@dataclass(frozen=True, slots=True)
class _InTime:
    """A source that is left if it does not keep the query's timeout itself."""

    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        with trio.move_on_after(math.inf if query.limits.timeout is None else query.limits.timeout + GRACE):
            return await self.source.pump(query, out)
        raise Late
