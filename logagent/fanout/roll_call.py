"""What an answer must know of who its hosts are: two names may mean one agent, which is asked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from logagent.core.notes import Note, add_up
from logagent.core.outcome import Outcome


class RollCall(Protocol):
    """Knows who answered under which name, as far as they have answered."""

    def notes(self, host: str) -> tuple[Note, ...]:
        """Return what is to be noted of a host."""
        ...

    def is_other_name(self, host: str) -> bool:
        """Return whether a host is another name of one that is asked too, so that its failure is none."""
        ...

    def is_passed_over(self, host: str) -> bool:
        """Return whether nothing at all is to be said of a host."""
        ...


class Unquestioned:
    """The roll call of sources each of which is who it is called."""

    def notes(self, host: str) -> tuple[Note, ...]:
        """Return nothing."""
        return ()

    def is_other_name(self, host: str) -> bool:
        """Return that it is not."""
        return False

    def is_passed_over(self, host: str) -> bool:
        """Return that something is to be said."""
        return False


UNQUESTIONED = Unquestioned()
"""The only one that there need be: it knows nothing."""


def told_beside(whole: Outcome, others: Iterable[Outcome]) -> Outcome:
    """Return an outcome with the parts and notes of hosts that are other names: they decide nothing of it."""
    beside = list(others)
    parts = (part for other in beside for part in other.hosts)
    notes = (note for other in beside for note in other.notes)
    return replace(whole, hosts=(*whole.hosts, *parts), notes=add_up((*whole.notes, *notes)))
