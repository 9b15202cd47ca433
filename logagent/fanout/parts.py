"""The parts of an answer: what each source is asked, and what its outcome and its notes say of which host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from logagent.core.batch import Batch, batch_bytes_of
from logagent.core.cursor import of_host as positions_of
from logagent.core.merging.outcomes import combine
from logagent.core.notes import Note, add_up, of_host, of_kinds
from logagent.core.outcome import HostOutcome, Outcome, Untold
from logagent.core.query import Query
from logagent.fanout.feed import Feed
from logagent.fanout.last_words import last_words
from logagent.fanout.roll_call import UNQUESTIONED, RollCall, told_beside
from logagent.fanout.site import Site, told_ahead


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one answer.

    Attributes:
        query: what is answered.
        sources: how many there are.
        of_hosts: whether their names are hosts; else they are logs of one host.
        roll: knows which of the hosts are one.
        sites: those of the hosts that answer for others too, by name.
        through: whether an agent has asked, for all that is behind this one.
        given: lines of each host that the reader got, counted only where there are sites.
    """

    query: Query
    sources: int
    of_hosts: bool = False
    roll: RollCall = UNQUESTIONED
    sites: Mapping[str, Site] = field(default_factory=dict)
    through: bool = False
    given: Counter[str] = field(default_factory=Counter)

    def question(self, name: str) -> Query:
        """Return the query for one source: with the columns that merging needs, and without `max_bytes`.

        `max_bytes` holds for all sources together. A host is asked for its own files only, so that agents never ask
        each other in circles, but for primaries, which know by which way the question came.
        """
        query = replace(self.query, limits=replace(self.query.limits, timeout=None))
        if name in self.sites:
            query = self.sites[name].question(query)
        elif self.of_hosts:
            positions = query.positions if query.own else positions_of(query.positions, name)
            query = replace(query, hosts=(), chosen=None, own=True, positions=positions)
        if self.sources == 1:
            return query
        form = replace(query.form, times=True, places=True, batch_bytes=batch_bytes_of(self.sources))
        return replace(query, form=form, limits=replace(query.limits, max_bytes=None))

    def counted(self, batch: Batch) -> Batch:
        """Count the lines of a batch for their hosts, and return it with the columns that the query wants."""
        if not self.sites or not batch.count or not batch.origins:
            return batch
        if batch.origin is None:
            self.given[batch.origins[0].host] += batch.count
        else:
            for index, lines in Counter(batch.origin).items():
                self.given[batch.origins[index].host] += lines
        if self.query.form.places or self.query.form.hits:
            return batch
        return replace(batch, offsets=None, origins=(), origin=None)

    def notes(self, feeds: Iterable[Feed], ended: Iterable[Feed]) -> tuple[Note, ...]:
        """Return all notes that the sources have told so far, for an agent with the failures so far."""
        told = [note for feed in feeds for note in self._notes_of(feed, feed.notes)]
        return add_up([*told, *map(told_ahead, self._failures(ended))] if self.through else told)

    def _failures(self, ended: Iterable[Feed]) -> list[HostOutcome]:
        failed = [part for site in self.sites.values() for part in site.failures]
        for feed in ended:
            if feed.outcome is not None and not feed.outcome.complete and not self._is_beside(feed.name):
                failed += self._share(feed, feed.outcome).hosts
        return [part for part in failed if part.fails]

    def _is_beside(self, name: str) -> bool:
        return self.roll.is_passed_over(name) or self.roll.is_other_name(name)

    def _notes_of(self, feed: Feed, notes: tuple[Note, ...]) -> tuple[Note, ...]:
        if not self.of_hosts:
            return notes
        by_time = self.sources > 1 or self.query.depends_on_times
        named = self.sites[feed.name].hear(notes) if feed.name in self.sites else of_host(notes, feed.name)
        return of_kinds(named, times=by_time)

    def outcome(
        self, feeds: Sequence[Feed], ended: Sequence[Feed], *, first: Sequence[Outcome], lines: int, merge_ns: int
    ) -> Outcome:
        """Combine the outcomes of the sources.

        Args:
            feeds: all of them.
            ended: those whose end the merge has seen, in that order.
            first: what comes before any host's failure.
            lines: that the reader got.
            merge_ns: nanoseconds spent with merging.
        """
        ends = [(feed, feed.outcome or Outcome()) for feed in ended]
        over = frozenset(ended)
        ends += [(feed, self._last_words(feed)) for feed in feeds if feed not in over]
        passed = [feed.name for feed, _ in ends if self.roll.is_passed_over(feed.name)]
        ends = [(feed, end) for feed, end in ends if feed.name not in passed]
        others = [self._share(feed, Outcome()) for feed, _ in ends if self.roll.is_other_name(feed.name)]
        others += [Outcome(notes=self.roll.notes(name)) for name in passed]
        outcomes = [self._share(feed, end) for feed, end in ends if not self.roll.is_other_name(feed.name)]
        timings = {"merge": merge_ns} if len(feeds) > 1 else {}
        return told_beside(combine([*first, *outcomes], lines=lines, timings=timings), others)

    def _last_words(self, feed: Feed) -> Outcome:
        """Return the outcome of a source that was stopped; a primary's verdict is about hosts that it waited for."""
        if feed.name in self.sites and feed.outcome is not None and feed.outcome.hosts:
            return feed.outcome
        return last_words(feed, of_hosts=self.of_hosts)

    def _share(self, feed: Feed, outcome: Outcome) -> Outcome:
        scanned = max(outcome.bytes_scanned, feed.scanned)
        notes = (feed.outcome.notes if feed.outcome is not None else ()) or feed.notes
        notes = (*self._notes_of(feed, notes), *self.roll.notes(feed.name))
        outcome = replace(outcome, bytes_scanned=scanned, notes=notes)
        if not self.of_hosts:
            return outcome
        if feed.name in self.sites and not self.roll.is_other_name(feed.name):
            self.sites[feed.name].hear(feed.notes)
            return self.sites[feed.name].told(outcome, self.given if self.sources > 1 else None)
        part = HostOutcome(feed.name, outcome.status, outcome.message, feed.given)
        is_named = outcome.message and (self.sources > 1 or self.through)
        message = f"{feed.name}: {outcome.message}" if is_named else outcome.message
        return replace(outcome, hosts=(part,), message=message, omitted=Untold(notes=outcome.omitted.notes))
