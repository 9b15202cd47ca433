"""What is known of the hosts behind a primary: told by the head of each of its answers, and kept for the next ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import httpx

from logagent.core.outcome import Failure, Status
from logagent.core.wire.through import ASKS_HEADER, UNMATCHED_TRAILER, from_names, takes_through
from logagent.peers.roll import Roll
from logagent.peers.takers import shown_version

MOST_CALLERS = 100
"""Callers for whom the hosts behind one primary are kept."""


class Answering(Protocol):
    """A primary in one answer; what it is told is kept as its attributes."""

    asks: tuple[str, ...]
    unmatched: tuple[str, ...] | None
    has_answered: bool
    is_elsewhere: bool
    is_for_all: bool
    asked_by: str


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
            self._known.note(self._site.asked_by, self._site.asks)

    def meet_listing(self, headers: Mapping[str, str]) -> None:
        """Note the same of a listing, all of which is known by its head; see `meet` and `end`."""
        self.meet(headers)
        self.end(from_names(headers.get(UNMATCHED_TRAILER, "")))

    def end(self, unmatched: tuple[str, ...]) -> None:
        """Note which patterns matched no host behind it, by the end of its answer."""
        self._site.unmatched = unmatched


class KnownBehind:
    """The hosts behind one primary, as it named them in its last answer for all of them to the same caller.

    What it names to one caller may be hidden from another by rules, which this agent does not know.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, tuple[str, ...]] = {}

    def of(self, caller: str) -> tuple[str, ...]:
        """Return the hosts that were named to a caller, by his identity; none are known at first."""
        return self._hosts.get(caller, ())

    def note(self, caller: str, hosts: tuple[str, ...]) -> None:
        """Note the hosts that were named to a caller."""
        self._hosts.pop(caller, None)
        self._hosts[caller] = hosts
        if len(self._hosts) > MOST_CALLERS:
            del self._hosts[next(iter(self._hosts))]


def check_way(response: httpx.Response, host: str | None, roll: Roll | None, behind: Behind | None) -> None:
    """Check that an agent answers, and is not asked by another way.

    Args:
        response: its head.
        host: the name by which the agent is listed here.
        roll: notes who answers.
        behind: told of it, if the agent is asked as a primary.

    Raises:
        Failure: CANCELLED if another way is taken to it; the roll knows it.
    """
    if roll is None or host is None or not roll.pass_over(host, response.headers):
        return
    if behind is not None:
        behind.pass_over()
    raise Failure(Status.CANCELLED, "is asked by another way")


def check_primary(headers: Mapping[str, str]) -> None:
    """Check that an agent can be asked as a primary, by the head of a response.

    Raises:
        Failure: if it is too old: it would ask its peers without saying for which question, so that some might answer
            twice, and say nothing while it waits for one.
    """
    if not takes_through(headers):
        told = f"{shown_version(headers)} cannot be asked as a primary: upgrade it, or list it as a peer"
        raise Failure(Status.UNAVAILABLE, told)
