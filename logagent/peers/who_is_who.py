"""Which of the known agents answers by which name, where several bear one: it may be one agent, or another one.

Two targets are one agent where both were asked and are the same process. Where one was not asked, they are taken for
one, since whoever answers proves the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from logagent.peers.known_agent import KnownAgent
from logagent.peers.target import SETTINGS


def listed(agents: Iterable[KnownAgent]) -> dict[str, KnownAgent]:
    """Return the agents by how answers call them, and note in each what it is called and where else it is reached.

    Those of the settings come first, then those that are found, then those that were. A stale target whose name another
    one bears has moved, and is left out. Another agent of a name that is taken keeps its address for a name, is not
    asked, and says why.
    """
    known: dict[str, KnownAgent] = {}
    for agent in sorted(agents, key=_rank):
        agent.others, agent.listed_as = (), agent.target.key
        first = known.setdefault(agent.target.key, agent)
        if first is agent:
            agent.why = "" if agent.target.name else agent.why
        elif agent.target.stale_since is None and _may_be_one(first, agent):
            first.others = (*first.others, *(url for url in agent.target.urls if url not in first.target.urls))
        elif agent.target.stale_since is None:
            agent.listed_as = urlsplit(agent.target.urls[0]).netloc
            agent.why = (
                f"says that it is {agent.target.name}, as does another agent, at {first.target.urls[0]}; "
                "give each a name of its own"
            )
            known.setdefault(agent.listed_as, agent)
    return known


def move_follows(former: Mapping[str, KnownAgent], now: Mapping[str, KnownAgent]) -> None:
    """Have follows go over to the agents that are asked by their names now.

    Args:
        former: agents by the names by which they were asked.
        now: those that are.
    """
    for name, agent in former.items():
        if now.get(name, agent) is not agent:
            agent.move()


def _rank(agent: KnownAgent) -> tuple[bool, bool, int]:
    target = agent.target
    return target.found_by != SETTINGS, target.stale_since is not None, agent.introduced


def _may_be_one(first: KnownAgent, other: KnownAgent) -> bool:
    return not first.id or not other.id or first.id == other.id
