"""A primary in one answer: what is asked of it, which hosts are behind it, and how the part of each of them ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.host_choice import choice_of, is_condition

FAILED = "failed-"
"""How the kind of a note begins that tells ahead of the verdict that the host failed; its status follows, and the
message stands in place of a file. It goes between agents only: a source that is stopped has no verdict."""
MOST_BEHIND = 20
"""Hosts that the message of a primary names that did not answer: enough to see what is missing."""
MOST_SAID = 1000
"""Positions of which a primary is told all: a host that is asked without it may be reached through it only by now, and
would begin anew there. A question has room for some 3,500."""


Shows = Callable[[str], bool]
"""Returns whether the rules of the agent that asks show a host to the caller, by its name."""


class Site:
    """One primary, of which lines of several hosts come.

    Args:
        name: by which it is listed.
        patterns: of hosts, as it is asked for them; none: all that it knows.
        others: the names of hosts that are asked without it: where many positions are known, it is told none of theirs.
        known: the hosts behind it, as it named them in earlier answers.
        asked_by: the identity of the caller for whom it is asked.
        shows: of hosts behind it, the caller may know of these only; None: of all of them.

    Attributes:
        asks: the hosts that it asks for this answer, itself among them, as it says; empty until it has answered.
        unmatched: the patterns that match no host behind it; None until its verdict is known.
        has_answered: whether it has said so.
        is_elsewhere: whether it is asked by another way.
        known: the hosts behind it, as it named them in earlier answers.
        is_for_all: whether it is asked for all hosts that it knows.
        asked_by: the identity of the caller for whom it is asked.
    """

    def __init__(
        self,
        name: str,
        *,
        patterns: tuple[str, ...] = (),
        others: Collection[str] = (),
        known: tuple[str, ...] = (),
        asked_by: str = "",
        shows: Shows | None = None,
    ) -> None:
        self.name = name
        self._shows = shows
        self._asks: tuple[str, ...] = ()
        self.unmatched: tuple[str, ...] | None = None
        self.has_answered = self.is_elsewhere = False
        self._patterns = patterns
        self._others = frozenset(others)
        self.known = self._shown(known)
        self.asked_by = asked_by
        self.is_for_all = not patterns
        self._failed: dict[str, HostOutcome] = {}

    def anew(self) -> Site:
        """Return the same primary, before it has answered."""
        return Site(
            self.name,
            patterns=self._patterns,
            others=self._others,
            known=self.asks or self.known,
            asked_by=self.asked_by,
            shows=self._shows,
        )

    @property
    def asks(self) -> tuple[str, ...]:
        """The hosts that it asks for this answer, as far as the caller may know of them."""
        return self._asks

    @asks.setter
    def asks(self, hosts: tuple[str, ...]) -> None:
        self._asks = self._shown(hosts)

    def hidden(self, hosts: Iterable[str]) -> set[str]:
        """Return those of some hosts behind it of which the caller may not know."""
        return set() if self._shows is None else {host for host in hosts if host and not self._shows(host)}

    def _shown(self, hosts: Sequence[str]) -> tuple[str, ...]:
        hidden = self.hidden(hosts)
        return tuple(host for host in hosts if host not in hidden)

    def question(self, query: Query) -> Query:
        """Return the query for it: for its own hosts and those behind it, with all positions that may be theirs.

        Where it may send lines that the caller may not see, it must not count them.
        """
        if self._shows is not None:
            query = replace(query, limits=replace(query.limits, n=None, max_bytes=None))
        positions = query.positions
        if len(positions) > MOST_SAID:
            positions = tuple(position for position in positions if position.host not in self._others)
        return replace(query, hosts=self._patterns, chosen=None, own=False, positions=positions)

    def hear_of(self, hosts: Iterable[str]) -> None:
        """Note that it asks further hosts, which have come since it answered."""
        self.asks = tuple(dict.fromkeys((*self.asks, *hosts)))

    def hear(self, notes: Iterable[Note]) -> tuple[Note, ...]:
        """Note the failures that notes tell ahead of the verdict, and return the other notes."""
        rest: list[Note] = []
        for note in notes:
            if (part := _told_ahead(note)) is None:
                rest.append(note)
            else:
                self._failed.setdefault(part.host, part)
        return tuple(rest)

    def lacks(self, pattern: str) -> bool:
        """Return whether its verdict says that a pattern matches no host behind it; so does one that it was not asked.

        A primary that was not heard to its end leaves it open; one that is asked by another way tells it there.
        """
        if pattern not in self._patterns:
            return True
        if self._shows is not None and self.asks and not is_condition(pattern):
            return not any(choice_of((pattern,)).means_name(host) for host in self.asks)
        return self.is_elsewhere if self.unmatched is None else pattern in self.unmatched

    @property
    def failures(self) -> tuple[HostOutcome, ...]:
        """The failures that were told ahead."""
        return tuple(self._failed.values())

    def told(self, outcome: Outcome, given: Mapping[str, int] | None) -> Outcome:
        """Return its outcome with a part for each host.

        Args:
            outcome: of its source: with the parts of its verdict, or without any where it was lost or stopped.
            given: lines of each host that the reader got; None: as its verdict says.
        """
        known = {part.host: part for part in outcome.hosts}
        if not self._has_verdict(outcome):
            names = [*self._failed, *(self.asks if self.has_answered else (self.name,))]
            known |= {host: self._failed.get(host) or self._part(host, outcome) for host in names if host not in known}
        parts = known.values() if given is None else [_with_lines(part, given) for part in known.values()]
        first = next((part for part in parts if part.fails), None)
        if outcome.complete and first is not None:
            outcome = replace(outcome, status=first.status, message=f"{first.host}: {first.message}")
        elif not outcome.complete and not outcome.hosts:
            outcome = replace(outcome, message=f"{self.name}: {self._with_known(outcome.message)}")
        return replace(outcome, hosts=tuple(parts))

    def _has_verdict(self, outcome: Outcome) -> bool:
        """Return whether an outcome tells of all its hosts; not where it was lost, was stopped, or is stopping."""
        if not outcome.hosts:
            return outcome.complete and self.unmatched is not None
        return not _speaks_of_itself(outcome)

    def _part(self, host: str, outcome: Outcome) -> HostOutcome:
        if outcome.complete:
            return HostOutcome(host, Status.OK)
        if host == self.name:
            return HostOutcome(host, outcome.status, self._with_known(outcome.message))
        return HostOutcome(host, outcome.status, f"is behind {self.name}: {outcome.message}")

    def _with_known(self, message: str) -> str:
        """Return the message of its failure, with the hosts behind it if nothing else names them."""
        return message if self.has_answered else f"{message}{self.named_behind(self.known)}"

    def named_behind(self, hosts: Iterable[str]) -> str:
        """Return what a message of its failure says of the first of some hosts behind it; empty if there are none."""
        behind = [host for host in hosts if host != self.name]
        more = f" and {len(behind) - MOST_BEHIND} more" if len(behind) > MOST_BEHIND else ""
        return f"; behind it: {', '.join(behind[:MOST_BEHIND])}{more}" if behind else ""


def _with_lines(part: HostOutcome, given: Mapping[str, int]) -> HostOutcome:
    return part._replace(lines=given.get(part.host, 0))


def _speaks_of_itself(outcome: Outcome) -> bool:
    """Return whether an agent's verdict is about its own end only, as when it is stopping, and of no host behind it."""
    return not outcome.complete and len(outcome.hosts) == 1 and outcome.hosts[0].message == outcome.message


def told_ahead(part: HostOutcome) -> Note:
    """Return the note that tells of a failure ahead of the verdict."""
    return Note(f"{FAILED}{int(part.status)}", (part.message,), 1, part.host)


def _told_ahead(note: Note) -> HostOutcome | None:
    if not note.kind.startswith(FAILED) or len(note.files) != 1:
        return None
    try:
        return HostOutcome(note.host, Status(int(note.kind.removeprefix(FAILED))), note.files[0])
    except ValueError:
        return None
