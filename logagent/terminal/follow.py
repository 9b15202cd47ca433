"""Running the command `follow`: survives lost connections, and reports where to continue when it ends."""

from __future__ import annotations

from collections.abc import Mapping

from logagent.peers.client.http_client import connect
from logagent.peers.resumed import Resumed
from logagent.peers.source import PeerSource
from logagent.terminal.address import only_agent
from logagent.terminal.bookmarks import show_bookmarked
from logagent.terminal.question import Question
from logagent.terminal.streams import Streams


async def follow(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Print lines as they are written, until the agent ends the follow.

    The agent must be reachable at first; when it is lost later, it is asked again. Cancelling cancels the agent's work
    too.

    Returns:
        The exit code.

    Raises:
        OSError: if the lines cannot be written.
    """
    agent = only_agent(asked.agent)
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        return await show_bookmarked(Resumed("", PeerSource(client), waits=False), asked, streams, environ)
