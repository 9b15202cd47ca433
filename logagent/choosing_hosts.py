"""Which hosts a question with conditions on labels means: where labels are not known, their agents are asked first.

A host whose labels cannot be had is neither counted in nor passed over: it is named in the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import trio

from logagent.core.batch import Out
from logagent.core.merging.outcomes import combine
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import ChosenHosts, Query, Source
from logagent.core.wire.host_choice import HostChoice, candidates, choice_of
from logagent.core.wire.hosts import HostState
from logagent.core.wire.hosts import chosen as named_by
from logagent.core.wire.labels import UNTOLD, HostLabels
from logagent.fanout.together import together
from logagent.peers.answers import with_timeout
from logagent.peers.resumed import Resumed
from logagent.peers.roll import Roll
from logagent.peers.target import Target

GONE = "is not known any more, and was among the hosts of the answer that this one goes on from"
"""What is told of a host that a cursor names, whether it has vanished or the caller may not know of it."""
OTHER_LABELS = "has other labels than those asked for; it is not followed"
"""What is told of a host that had not told its labels when a follow began, and does not fit."""


@dataclass(frozen=True, slots=True)
class WithUntold:
    """A source whose outcome names further hosts, of which it is not known whether they are meant.

    Attributes:
        source: sends the batches.
        untold: why that is not known.
    """

    source: Source
    untold: Sequence[HostOutcome]

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches; see `Source.pump`."""
        outcome = await self.source.pump(query, out)
        parts = [Outcome(part.status, f"{part.host}: {part.message}", hosts=(part,)) for part in self.untold]
        return combine([outcome, *parts], lines=outcome.lines, timings={})


class LabelledAgent(Protocol):
    """An agent that may tell labels: what is known of them, and how it is asked for them."""

    @property
    def target(self) -> Target: ...
    @property
    def labels(self) -> HostLabels: ...
    @property
    def other_name(self) -> str: ...
    @property
    def has_fresh_labels(self) -> bool: ...

    async def ask_for_labels(self, patience: float, roll: Roll | None = None, trace: str | None = None) -> Outcome:
        """Ask for its labels; see `told_labels.ask_for_labels`."""
        ...


class LabelledAgents(Protocol):
    """All agents among which hosts are chosen."""

    def agent(self, name: str) -> LabelledAgent | None:
        """Return the agent that is listed by a name now; None if there is none."""
        ...

    def live_once(self, name: str, roll: Roll) -> Source:
        """Return the source of an agent's live lines, which ends when the connection is lost."""
        ...


class HostChooser:
    """Knows the labels of all hosts, as far as they are known, and asks for others.

    Args:
        own: the name of this host; empty: it has no logs here.
        labels: those of this host.
        peers: the other hosts.
        patience: seconds that another agent has to tell its labels.
    """

    def __init__(self, own: str, labels: Mapping[str, str], peers: LabelledAgents, patience: float) -> None:
        self._own = own
        self._labels = HostLabels(labels)
        self._peers = peers
        self._patience = patience

    def labels(self, host: str) -> HostLabels:
        """Return what is known of a host's labels."""
        if host == self._own:
            return self._labels
        agent = self._peers.agent(host)
        return UNTOLD if agent is None else agent.labels

    async def choose(self, query: Query, known: Sequence[str], roll: Roll, *, elsewhere: bool) -> Query:
        """Return a query with the hosts that its conditions on labels choose; as it is, if it has none.

        Where it goes on from an answer, it is about the hosts of that one, whatever their labels are by now; a follow
        takes those in that fit by now, too. Of a follow that comes through an agent only the positions say which these
        hosts were.

        Args:
            query: of whose timeout the time is taken that this takes.
            known: the hosts that the caller may know of.
            roll: for asking them.
            elsewhere: whether others are asked too, which know further hosts.

        Raises:
            Failure: NOT_FOUND if they hold for no host, or a name fits none, unless they may elsewhere.
        """
        if not query.has_conditions:
            return query
        began = trio.current_time()
        before = _followed_before(query, known) if elsewhere and query.chosen is None else query.chosen
        patience = min(self._patience, query.limits.timeout or self._patience)
        choice = choice_of(query.hosts)
        if before is None and not elsewhere:
            named_by(choice.names, known)  # a misspelt name is told without asking anybody
        open_to = known
        if before is not None:
            others = known if query.follow else [part.host for part in before.untold]
            open_to = [host for host in others if host in known and host not in before.hosts]
        meant = await self._meant(choice, open_to, patience, roll, query.trace)
        if before is not None:
            meant = _with_those_before(meant, before, known, elsewhere=elsewhere)
        elif not elsewhere:
            candidates(choice, {host: self.labels(host) for host in known})
        return _chosen_in(query, meant, trio.current_time() - began)

    async def _meant(
        self, choice: HostChoice, hosts: Sequence[str], patience: float, roll: Roll, trace: str | None
    ) -> ChosenHosts:
        unclear = [host for host in hosts if self._hangs_on_asking(choice, host)]
        reasons = await self._ask(unclear, patience, roll, trace)
        judged = {host: self._means(choice, host, hosts) for host in hosts}
        untold = [self._untold(choice, host, reasons.get(host)) for host in hosts if judged[host] is None]
        return ChosenHosts(tuple(sorted(host for host in hosts if judged[host])), tuple(untold))

    def _means(self, choice: HostChoice, host: str, hosts: Sequence[str]) -> bool | None:
        """Return whether a host is meant; one that is another name of a further host is not, since that one is."""
        agent = self._peers.agent(host)
        if agent is not None and agent.other_name in hosts and choice.means_name(agent.other_name):
            return False
        return choice.means(host, self.labels(host))

    def _hangs_on_asking(self, choice: HostChoice, host: str) -> bool:
        """Return whether a host must be asked: what lists it does not say, and it has not told it just now."""
        agent = self._peers.agent(host)
        if host == self._own or agent is None or agent.has_fresh_labels:
            return False
        return choice.means(host, HostLabels(agent.target.labels, complete=False)) is None

    async def _ask(self, hosts: Sequence[str], patience: float, roll: Roll, trace: str | None) -> Mapping[str, Outcome]:
        """Ask hosts for their labels at the same time, and return how each ended."""
        ends: dict[str, Outcome] = {}

        async def ask(host: str) -> None:
            agent = self._peers.agent(host)
            if agent is not None:
                ends[host] = await agent.ask_for_labels(patience, roll, trace)

        await together(hosts, ask)
        return ends

    def _untold(self, choice: HostChoice, host: str, end: Outcome | None) -> HostOutcome:
        end = end or Outcome(Status.UNAVAILABLE)
        labels = self.labels(host)
        open_still = " and ".join(str(one) for one in choice.conditions if one.holds(labels) is None)
        why = f": {end.message}" if end.message else ""
        return HostOutcome(host, end.status, f"has not told its labels, so that {open_still} is not known of it{why}")

    def with_untold(self, query: Query, source: Source) -> Source:
        """Return a source whose outcome names the hosts of which it is not known whether a query means them.

        A follow names them itself.
        """
        untold = untold_of(query)
        return WithUntold(source, [*untold.values()]) if untold and not query.follow else source

    def live_untold(self, query: Query, roll: Roll) -> list[tuple[str, Source]]:
        """Return the live lines of hosts that have not told their labels: they begin once they have, if they fit.

        Args:
            query: the follow.
            roll: for asking them.
        """
        choice = choice_of(query.hosts)
        return [
            (host, Resumed(host, _LiveIfMeant(self, host, choice, roll, self._peers.live_once(host, roll))))
            for host in untold_of(query)
        ]

    async def settle(self, choice: HostChoice, host: str, roll: Roll, trace: str | None) -> HostOutcome | bool:
        """Ask a host for its labels, and return whether it is meant, or why that is not known."""
        meant = await self._meant(choice, [host], self._patience, roll, trace)
        return meant.untold[0] if meant.untold else bool(meant.hosts)


@dataclass(slots=True)
class _LiveIfMeant:
    """The live lines of a host, if its labels are those that are asked for; found out once."""

    chooser: HostChooser
    host: str
    choice: HostChoice
    roll: Roll
    live: Source
    is_meant: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        if not self.is_meant:
            settled = await self.chooser.settle(self.choice, self.host, self.roll, query.trace)
            if isinstance(settled, HostOutcome):
                return Outcome(settled.status, settled.message)
            self.is_meant = settled
        if not self.is_meant:
            return Outcome(Status.OK, OTHER_LABELS)
        return await self.live.pump(query, out)


def named(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the hosts whose names fit, sorted; conditions on labels leave all of them.

    Raises:
        Failure: NOT_FOUND for a name or glob that matches none.
    """
    return named_by(choice_of(tuple(patterns)).names, known)


def meant_among(states: Sequence[HostState], patterns: Sequence[str]) -> list[HostState]:
    """Return those of some hosts that are meant, by the labels in their states, and those of which it is not known.

    Raises:
        Failure: NOT_FOUND if there are none.
    """
    choice = choice_of(tuple(patterns))
    if not choice.conditions:
        return list(states)
    labels = {state.name: HostLabels(state.labels, state.labels_known) for state in states}
    fitting = frozenset(candidates(choice._replace(names=()), labels))
    return [state for state in states if state.name in fitting]


def hosts_of(query: Query, known: Iterable[str]) -> list[str]:
    """Return the hosts that a query means, sorted.

    Args:
        query: whose conditions on labels have chosen hosts already, if it has any.
        known: the hosts that may be meant.

    Raises:
        Failure: NOT_FOUND for a name or glob that matches none of them.
    """
    return named_by(query.hosts, known) if query.chosen is None else sorted(query.chosen.hosts)


def untold_of(query: Query) -> dict[str, HostOutcome]:
    """Return the hosts of which it is not known whether a query means them, each with why."""
    return {} if query.chosen is None else {part.host: part for part in query.chosen.untold}


def _followed_before(query: Query, known: Sequence[str]) -> ChosenHosts | None:
    """Return the hosts of which a follow that goes on has lines already; None if it does not."""
    if query.follow is None or not query.positions:
        return None
    before = dict.fromkeys(position.host for position in query.positions)
    return ChosenHosts(tuple(host for host in before if host in known))


def _with_those_before(
    meant: ChosenHosts, before: ChosenHosts, known: Sequence[str], *, elsewhere: bool
) -> ChosenHosts:
    """Return the hosts of an earlier answer, with those that are meant besides; of others others may know."""
    kept = [host for host in before.hosts if host in known]
    gone = [
        host for host in (*before.hosts, *(part.host for part in before.untold)) if host not in known and not elsewhere
    ]
    hosts = sorted({*kept, *meant.hosts})
    untold = [part for part in meant.untold if part.host not in hosts]
    return ChosenHosts(tuple(hosts), (*untold, *(HostOutcome(host, Status.UNAVAILABLE, GONE) for host in gone)))


def _chosen_in(query: Query, meant: ChosenHosts, seconds: float) -> Query:
    query, timeout = replace(query, chosen=meant), query.limits.timeout
    return query if timeout is None else with_timeout(query, timeout - seconds)
