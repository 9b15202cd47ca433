"""Running a query on Trio: for the demonstration, and agents behind what speaks HTTP/1.1 only."""

from __future__ import annotations

from collections.abc import Mapping

from logagent.core.hits.tally import Tallied
from logagent.peers.client.http_client import connect
from logagent.peers.source import PeerSource
from logagent.terminal.address import only_agent
from logagent.terminal.answer import report
from logagent.terminal.question import Question
from logagent.terminal.showing import show
from logagent.terminal.streams import Streams


async def ask(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Ask, print the answer, and report what is missing from it; cancelling cancels the agent's work too.

    Returns:
        The exit code.

    Raises:
        OSError: if the answer cannot be written.
    """
    agent = only_agent(asked.agent)
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        source = PeerSource(client)
        outcome = await show(Tallied(source) if asked.query.form.hits else source, asked, streams, environ)
    return report(outcome, asked, streams)
