"""How the hosts behind a primary are, as it tells, or as much as is known of them where it does not."""

from __future__ import annotations

from collections.abc import Callable

from logagent.core.wire.hosts import HostState
from logagent.peers.health import states_behind
from logagent.peers.known_agent import KnownAgent
from logagent.peers.roll import Roll


async def told_states(
    agent: KnownAgent | None,
    patience: float,
    roll: Roll,
    caller: str,
    trace: str | None = None,
    shows: Callable[[str], bool] | None = None,
) -> list[HostState]:
    """Ask a primary how the hosts behind it are; see `health.states_behind`.

    Args:
        agent: the primary; None: nobody is asked.
        patience: seconds that it has to answer.
        roll: notes who answers.
        caller: the identity of him who asks.
        trace: of the question, as in a query.
        shows: of the hosts behind it, only these are told of, by their names; None: all.
    """
    if agent is None or agent.why:
        return []
    told = await _told(agent, patience, roll, caller, trace)
    return told if shows is None else [state for state in told if shows(state.name)]


async def _told(agent: KnownAgent, patience: float, roll: Roll, caller: str, trace: str | None) -> list[HostState]:
    with agent.used():
        found = await states_behind(agent.client, agent.listed_as, patience, roll, trace)
    if found is not None:
        agent.behind.note(caller, (agent.listed_as, *(state.name for state in found)))
        return found
    told = f"was behind {agent.listed_as}, which does not say how it is"
    names = [name for name in agent.behind.of(caller) if name != agent.listed_as]
    return [HostState(name, "", False, message=told, via=agent.listed_as) for name in names]
