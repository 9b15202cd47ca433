"""Who answers for a host's name in one answer: the first that says something of it, and nobody else.

Agents behind different primaries may be called by one name. Their lines must not be mixed, nor may the position of one
be taken for that of the other, so the second one is left out, and named as failing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from logagent.core.batch import Batch, Notice, Out
from logagent.core.columns import picked
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout.site import Site


class Claims:
    """Which source answers for which host.

    Args:
        sites: those of the sources that answer for others, too, by name.
    """

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self._sites = sites
        self._by: dict[str, str] = {}
        self._disputed: dict[str, tuple[str, str]] = {}
        self._untold: list[str] = []

    def refused(self, source: str, hosts: Iterable[str]) -> set[str]:
        """Take hosts for a source as far as nobody else has; return the others.

        Args:
            source: its name.
            hosts: of which it says something.
        """
        refused = {host for host in hosts if self._by.setdefault(host, source) != source}
        for host in refused - self._disputed.keys():
            self._disputed[host] = self._by[host], source
            self._untold.append(host)
        return refused

    def hidden(self, source: str, hosts: Iterable[str]) -> set[str]:
        """Return those of some hosts of a source of which the caller may not know."""
        return self._sites[source].hidden(hosts) if source in self._sites else set()

    def shown(self, source: str, outcome: Outcome) -> Outcome:
        """Return the outcome of a source without the hosts of which the caller may not know, nor their failures."""
        hidden = self.hidden(source, _named_in(outcome.hosts, outcome.notes))
        if not hidden:
            return outcome
        parts = tuple(part for part in outcome.hosts if part.host not in hidden)
        notes = tuple(note for note in outcome.notes if note.host not in hidden)
        if any(part.fails and part.host in hidden for part in outcome.hosts):
            first = next((part for part in parts if part.fails), HostOutcome("", Status.OK))
            message = f"{first.host}: {first.message}" if first.fails else ""
            outcome = replace(outcome, status=first.status, message=message)
        return replace(outcome, hosts=parts, notes=notes)

    def release(self, source: str) -> None:
        """Let others answer for the hosts of a source that has ended."""
        self._by = {host: by for host, by in self._by.items() if by != source}

    def news(self) -> list[Notice]:
        """Return a notice for each host that two have claimed since the last call."""
        untold, self._untold = self._untold, []
        return [Notice(host, Status.INTERNAL, self._dispute(host)) for host in untold]

    def told(self, outcome: Outcome) -> Outcome:
        """Return the outcome of all sources, with one part for each host, failing where two claim its name."""
        parts: dict[str, HostOutcome] = {}
        for part in outcome.hosts:
            parts[part.host] = _worse(parts.get(part.host), part)
        for host in self._disputed:
            lines = parts[host].lines if host in parts else 0
            parts[host] = HostOutcome(host, Status.INTERNAL, self._dispute(host), lines)
        outcome = replace(outcome, hosts=tuple(parts.values()))
        if not self._disputed or not outcome.complete:
            return outcome
        first = next(iter(self._disputed))
        return replace(outcome, status=Status.INTERNAL, message=f"{first}: {parts[first].message}")

    def _dispute(self, host: str) -> str:
        one, other = map(self._where, self._disputed[host])
        return f"two agents are called {host}, one {one}, one {other}; give each a name of its own"

    def _where(self, source: str) -> str:
        return f"behind {source}" if source in self._sites else "listed here"


def _worse(one: HostOutcome | None, other: HostOutcome) -> HostOutcome:
    if one is None:
        return other
    worse = max(one, other, key=lambda part: (part.fails, part.status))
    return worse._replace(lines=one.lines + other.lines)


@dataclass(frozen=True, slots=True)
class ClaimedSource:
    """A source of which only is passed on what nobody else has said of the same hosts.

    Attributes:
        name: of the source.
        source: sends the batches.
        claims: of all sources of the answer.
    """

    name: str
    source: Source
    claims: Claims

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches without what is said of the hosts of others; see `Source.pump`."""
        if query.follow is not None:
            return await self._follow(query, out)
        outcome = await self.source.pump(query, _Claimed(self.name, out, self.claims, follows=False))
        return self._with_own_parts(outcome)

    async def _follow(self, query: Query, out: Out) -> Outcome:
        """Follow until the source has ended or is let go; then others may answer for its hosts."""
        try:
            return self._with_own_parts(
                await self.source.pump(query, _Claimed(self.name, out, self.claims, follows=True))
            )
        finally:
            self.claims.release(self.name)

    def _with_own_parts(self, outcome: Outcome) -> Outcome:
        outcome = self.claims.shown(self.name, outcome)
        failing = [part.host for part in outcome.hosts if part.status is not Status.OK]
        # Of a host with that no line came two agents cannot be told apart, nor need they be.
        refused = self.claims.refused(self.name, [part.host for part in outcome.hosts if part.host not in failing])
        parts = tuple(part for part in outcome.hosts if part.host not in refused)
        return replace(outcome, hosts=parts) if refused else outcome


class _Claimed:
    def __init__(self, name: str, out: Out, claims: Claims, *, follows: bool) -> None:
        self._follows = follows
        self._name = name
        self._out = out
        self._claims = claims

    async def send(self, batch: Batch) -> None:
        hosts = {origin.host for origin in batch.origins} | {position.host for position in batch.positions}
        refused = self._claims.hidden(self._name, hosts | _named_in(batch.notices, batch.notes))
        if hosts:
            refused |= self._claims.refused(self._name, hosts - refused)
        if refused:
            batch = _without(batch, refused)
            if self._follows:
                batch = replace(batch, notices=(*batch.notices, *self._claims.news()))
        await self._out.send(batch)


def _named_in(*told: Iterable[Notice | Note | HostOutcome]) -> set[str]:
    return {one.host for some in told for one in some}


def _without(batch: Batch, hosts: Collection[str]) -> Batch:
    """Return a batch without all that is said of some hosts."""
    positions = tuple(position for position in batch.positions if position.host not in hosts)
    notices = tuple(notice for notice in batch.notices if notice.host not in hosts)
    notes: tuple[Note, ...] = tuple(note for note in batch.notes if note.host not in hosts)
    if batch.count:
        origin = batch.origin or [0] * batch.count
        kept = [place for place, index in enumerate(origin) if batch.origins[index].host not in hosts]
        batch = (
            picked(batch, batch.lines(), kept) if kept else Batch(b"", 0, scanned=batch.scanned, planned=batch.planned)
        )
    return replace(batch, positions=positions, notices=notices, notes=notes)
