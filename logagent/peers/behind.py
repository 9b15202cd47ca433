"""What is known of the hosts behind a primary: told by the head of each of its answers, and kept for the next ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.through import ASKS_HEADER, from_names, takes_through
from logagent.peers.takers import LONGEST_VERSION


class Answering(Protocol):
    """A primary in one answer; what it is told is kept as its attributes."""

    asks: tuple[str, ...]
    unmatched: tuple[str, ...] | None
    has_answered: bool
    is_elsewhere: bool
    is_for_all: bool


class Behind:
    """Hears in one answer which hosts are behind a primary.

    Args:
        site: the primary in this answer.
        known: the hosts that it asks for all of them, kept from one answer to the next.
    """

    def __init__(self, site: Answering, known: KnownBehind) -> None:
        self._site = site
        self._known = known

    def pass_over(self) -> None:
        """Note that it is asked by another way."""
        self._site.is_elsewhere = True

    def meet(self, headers: Mapping[str, str]) -> None:
        """Note which hosts it asks, by the head of its answer, of which nothing has been passed on yet.

        Raises:
            Failure: if it is of a version that cannot be asked as a primary.
        """
        check_primary(headers)
        self._site.has_answered = True
        self._site.asks = from_names(headers.get(ASKS_HEADER, ""))
        if self._site.is_for_all and self._site.asks:
            self._known.hosts = self._site.asks

    def end(self, outcome: Outcome) -> None:
        """Note which patterns matched no host behind it, by its verdict."""
        self._site.unmatched = outcome.unmatched


class KnownBehind:
    """The hosts behind one primary, as it named them in its last answer for all of them; none are known at first."""

    def __init__(self) -> None:
        self.hosts: tuple[str, ...] = ()


def check_primary(headers: Mapping[str, str]) -> None:
    """Check that an agent can be asked as a primary, by the head of a response.

    Raises:
        Failure: if it is too old: it would ask its peers without saying for which question, so that some might answer
            twice, and say nothing while it waits for one.
    """
    if not takes_through(headers):
        version = headers.get(VERSION_HEADER, "")[:LONGEST_VERSION] or "the version there"
        raise Failure(Status.UNAVAILABLE, f"{version} cannot be asked as a primary: upgrade it, or list it as a peer")
