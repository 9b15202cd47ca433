"""Running a query on Trio: for follows, the demonstration, and agents behind what speaks HTTP/1.1 only."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import trio

from logagent.core.batch import Out
from logagent.core.hits.tally import Tallied
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.peers.client.http_client import connect
from logagent.peers.direct.waiting import Late
from logagent.peers.source import PeerSource
from logagent.terminal.answer import GRACE, print_batches, report
from logagent.terminal.pipe import Pipe
from logagent.terminal.question import Question
from logagent.terminal.streams import Streams


async def ask(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Ask, print the answer, and report what is missing from it; cancelling cancels the agent's work too.

    Returns:
        The exit code.

    Raises:
        OSError: if the answer cannot be written.
    """
    agent = asked.agent
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        source = PeerSource(client)
        outcome = await show(Tallied(source) if asked.query.form.hits else source, asked, streams, environ)
    return report(outcome, asked, streams)


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
