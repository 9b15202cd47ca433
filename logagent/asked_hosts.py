"""Which hosts a question is asked of: this one, peers for themselves, and primaries for all that is behind them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from logagent.choosing_hosts import hosts_of
from logagent.core.access.caller import Caller
from logagent.core.access.rules import What
from logagent.core.batch import Out
from logagent.core.globs import is_glob
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query, Source
from logagent.core.wire.host_choice import HostChoice, choice_of, is_condition
from logagent.core.wire.hosts import chosen
from logagent.core.wire.identity import ID_BYTES, Identity
from logagent.core.wire.through import ELSEWHERE, LOOP, MAX_DEPTH, NotAgain, Through
from logagent.fanout.site import Shows, Site
from logagent.known_hosts import KnownHosts
from logagent.peers.answered_once import AnsweredOnce, AnswerPart


@dataclass(frozen=True, slots=True)
class HostsAsked:
    """The hosts that one question is asked of.

    Attributes:
        hosts: how answers call them, primaries among them.
        sites: the primaries among them, by name.
        through: the way of the question on from here; None: no way is told.
        unmatched: the patterns that match none of the hosts that are known here.
        known: the names of all hosts that may be asked here, for a message.
        is_through: whether an agent has asked, for all that is behind this one.
    """

    hosts: Sequence[str]
    sites: dict[str, Site] = field(default_factory=dict)
    through: Through | None = None
    unmatched: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    is_through: bool = False

    def without(self, host: str) -> HostsAsked:
        """Return these hosts without one of them."""
        return replace(self, hosts=[name for name in self.hosts if name != host])

    def of(self, hosts: Iterable[str]) -> HostsAsked:
        """Return some of these hosts, each primary as one that has not answered yet."""
        kept = list(hosts)
        return replace(self, hosts=kept, sites={name: site.anew() for name, site in self.sites.items() if name in kept})

    @property
    def nowhere(self) -> tuple[str, ...]:
        """The patterns that match no host anywhere, as far as the answers say."""
        return tuple(one for one in self.unmatched if all(site.lacks(one) for site in self.sites.values()))

    def told_of(self, patterns: Sequence[str]) -> str:
        """Return what is told of patterns that match no host anywhere."""
        behind = [name for site in self.sites.values() for name in (*site.known, *site.asks)]
        try:
            chosen(patterns, {*self.known, *behind})
        except Failure as failure:
            return failure.message
        return f"no host named {', '.join(patterns)} may be asked"

    @property
    def depth(self) -> int:
        """How many agents the question came through."""
        return 0 if self.through is None else len(self.through.way) - 1

    @property
    def names(self) -> list[str]:
        """The names of the hosts, with those that are known behind primaries."""
        behind = [name for site in self.sites.values() for name in site.known]
        return list(dict.fromkeys([*self.hosts, *behind]))


def hosts_meant(
    known: KnownHosts, query: Query, caller: Caller, whats: Collection[What], *, is_through: bool
) -> HostsAsked:
    """Return the hosts that a query means now, of those that are known.

    Args:
        known: those hosts.
        query: whose conditions on labels have chosen hosts already, if it has any.
        caller: who asks.
        whats: all kinds of questions that he must be allowed.
        is_through: whether an agent has asked.

    Raises:
        Failure: for a host that is not known, or not to this caller.
    """
    shown = known.shown_to(caller, whats)
    if not shown:
        raise _no_host(caller, [what for what in whats if not known.shown_to(caller, (what,))] or whats)
    primaries = known.primaries(shown, caller)
    plain = [host for host in shown if host != known.namesake and host not in primaries]
    shows = known.shows(caller, whats)
    asked = asked_of(query, plain, primaries, is_through=is_through, asked_by=caller.identity, shows=shows)
    if known.namesake and known.own in asked.hosts:
        asked = replace(asked, hosts=[*asked.hosts, known.namesake])
    return asked


def _no_host(caller: Caller, whats: Collection[What]) -> Failure:
    message = f"no rule allows {caller.identity} to ask any host for {' and '.join(whats)}"
    return Failure(Status.PERMISSION_DENIED, message)


def asked_of(
    query: Query,
    plain: Sequence[str],
    primaries: Mapping[str, tuple[str, ...]],
    *,
    is_through: bool,
    asked_by: str,
    shows: Shows | None = None,
) -> HostsAsked:
    """Return the hosts that the patterns of a query mean.

    A name that is known here is asked for here. Any other pattern goes to all primaries: only they know who is behind.

    Args:
        query: whose conditions on labels have chosen hosts already, if it has any.
        plain: the names of hosts that are asked for their own logs.
        primaries: for each primary the hosts that are known to be behind it.
        is_through: whether an agent has asked.
        asked_by: the identity of the caller.
        shows: of hosts behind primaries, the caller may know of these only; None: of all of them.

    Raises:
        Failure: NOT_FOUND for a pattern that matches no host, if nobody else has to be asked whether it does.
    """
    patterns, known = query.hosts, sorted([*plain, *primaries])
    if not primaries and not is_through:
        return HostsAsked(hosts_of(query, plain), known=tuple(known))
    further = tuple(one for one in patterns if one not in plain and one not in primaries)
    choice = choice_of(patterns)
    meant = plain if query.chosen is None else query.chosen.hosts
    hosts = [name for name in sorted(plain) if name in meant and (query.chosen or choice.means_name(name))]
    sites: dict[str, Site] = {}
    for name, behind in sorted(primaries.items()):
        theirs = (*_shown(further, shows), *([name] if name in patterns else []))
        if _may_mean_any(theirs, choice) or not patterns:
            sites[name] = Site(name, patterns=theirs, others=plain, known=behind, asked_by=asked_by, shows=shows)
    if not sites and not is_through:
        return HostsAsked(hosts_of(query, plain), known=tuple(known))
    unmatched = tuple(one for one in further if not any(choice_of((one,)).means_name(name) for name in plain))
    return HostsAsked(sorted([*hosts, *sites]), sites, unmatched=unmatched, known=tuple(known), is_through=is_through)


def _shown(patterns: Sequence[str], shows: Shows | None) -> tuple[str, ...]:
    """Return patterns without the names of hosts of which the caller may not know: to him they are unknown."""
    if shows is None:
        return tuple(patterns)
    return tuple(one for one in patterns if is_glob(one) or is_condition(one) or shows(one))


def _may_mean_any(theirs: tuple[str, ...], choice: HostChoice) -> bool:
    """Return whether a primary is asked: not for conditions alone, where they come with names of which none is its."""
    return bool(theirs) and (not choice.names or bool(choice_of(theirs).names))


@dataclass(frozen=True, slots=True)
class RememberedSource:
    """The source of an answer, which is remembered while it is given.

    Attributes:
        source: sends the batches.
        asks: the hosts that are asked, for the agent that asked for all of them; none: no agent has.
        questions: those of this agent.
        through: by which way the question goes on from here; None: no way is told.
    """

    source: Source
    asks: Sequence[str]
    questions: QuestionsAnswered
    through: Through | None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches; see `Source.pump`."""
        with self.questions.answering(self.through):
            return await self.source.pump(query, out)


class QuestionsAnswered:
    """The questions that an agent answers for others, none of them twice.

    Args:
        own: who the agent is.
    """

    def __init__(self, own: Identity) -> None:
        self._own = own
        self._once = AnsweredOnce()

    def taken(self, asked: HostsAsked, through: Through | None, *, own: bool, gets_sites: bool = False) -> HostsAsked:
        """Return the hosts of a question that are not asked for it by another way already.

        Args:
            asked: the hosts that it means.
            through: by which way it came; None: a client has asked.
            own: whether it is about this host's logs only.
            gets_sites: whether it may be asked of primaries later, so that hosts must know which question it is.

        Raises:
            NotAgain: if there are none, or the question came through this agent before.
            Failure: if it came through too many agents.
        """
        name = self._own.name
        if through is None:
            if not (asked.sites or gets_sites):
                return asked
            begun = Through(os.urandom(ID_BYTES).hex(), (self._own,))
            self._once.take(replace(begun, way=()), [AnswerPart.OWN] if name in asked.hosts else [])
            return replace(asked, through=begun)
        if not own and through.passed(self._own):
            raise NotAgain(LOOP)
        if len(through.way) > MAX_DEPTH:
            told = f"{len(through.way)} agents have passed the question on, and {MAX_DEPTH} is most"
            raise Failure(Status.RESOURCE_EXHAUSTED, told)
        wanted = [AnswerPart.OWN] if name in asked.hosts else []
        taken = self._once.take(through, wanted if own else [*wanted, AnswerPart.BEHIND])
        if not taken or (not own and AnswerPart.BEHIND not in taken):
            raise NotAgain(ELSEWHERE)
        kept = asked if AnswerPart.OWN in taken else asked.without(name)
        return replace(kept, through=through.on(self._own))

    @contextmanager
    def answering(self, through: Through | None) -> Iterator[None]:
        """Remember a question that came through agents while the block runs, and for a while after."""
        if through is None:
            yield
            return
        with self._once.answering(through):
            yield
