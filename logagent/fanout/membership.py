"""The hosts of a follow, which may come and go while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from logagent.core.batch import Notice
from logagent.core.outcome import Status
from logagent.core.query import Source
from logagent.fanout.followed_host import FollowedHost
from logagent.fanout.site import Site

FOUND = "was found; it is followed from here on"
"""What is told of a host that has come."""
FOUND_AGAIN = "was found again; it is followed from where it was left"
"""What is told of a host that has come back."""
GONE = "is no longer known to the agent that was asked, and not followed any more"
"""What is told of a host that has gone for good."""


class Fleet(Protocol):
    """The hosts that a follow is about."""

    async def change(self) -> None:
        """Wait until there may be others."""
        ...

    def hosts(self) -> Sequence[str]:
        """Return the names of those that there are now."""
        ...

    def source(self, host: str) -> Source | None:
        """Return the live lines of a host that has come; None while it has not said who it is."""
        ...

    def site(self, host: str) -> Site | None:
        """Return which hosts are behind one that has come; None if it answers for itself only."""
        ...

    def farewell(self, host: str) -> str:
        """Return why a host is not followed any more."""
        ...


Begin = Callable[[str, Source, Site | None], FollowedHost]
"""Begins the follow of a host: by its name, its live lines, and which hosts are behind it."""


class Membership:
    """Takes up the hosts that come while a follow runs, and lets go of those that are gone.

    Args:
        hosts: that are followed from the beginning.
        fleet: the hosts that there are; None: there come no others.

    Attributes:
        hosts: that are followed, or were and have a part in the outcome.
        changed: whether there may be others than when it was last looked.
    """

    def __init__(self, hosts: Iterable[FollowedHost], fleet: Fleet | None) -> None:
        self.hosts = list(hosts)
        self.changed = fleet is not None
        self._fleet = fleet

    async def watch(self, tell: Callable[[], None]) -> None:
        """Wait for changes, and tell of each."""
        while self._fleet is not None:
            await self._fleet.change()
            self.changed = True
            tell()

    @property
    def is_over(self) -> bool:
        """Whether every host has ended by itself, so that none that has gone may come back."""
        return all(host.is_over for host in self.hosts) and not any(host.is_gone for host in self.hosts)

    def look(self, begin: Begin) -> list[Notice]:
        """Take up and let go; return what is to be told of that.

        Args:
            begin: makes and begins the follow of one host.
        """
        if self._fleet is None or not self.changed:
            return []
        self.changed = False
        present = self._fleet.hosts()
        gone = [host for host in self.hosts if host.name not in present and not host.is_gone]
        notices = [notice for host in gone for notice in self._let_go(host, self._fleet)]
        followed = {host.name: host for host in self.hosts if not host.is_gone}
        for name in present:
            source = None if name in followed else self._fleet.source(name)
            if source is not None:
                self._take_up(name, source, begin)
        return notices

    def _let_go(self, host: FollowedHost, fleet: Fleet) -> list[Notice]:
        if host.outcome is not None:
            return self._forget_if_not_meant(host)
        host.leave()
        if not host.given and not host.reached:  # nothing of it is in the answer, so neither is its failure
            self.hosts.remove(host)
        return [Notice(host.name, Status.OK, fleet.farewell(host.name))]

    def _forget_if_not_meant(self, host: FollowedHost) -> list[Notice]:
        """Forget a host that turned out not to be meant, so that it is taken up when it is; return what is to be told.

        Any other host that has ended by itself stays, since its end is part of the outcome.
        """
        if host.reached or host.given or host.outcome is None or not host.outcome.complete:
            return []
        self.hosts.remove(host)
        return [] if (end := host.note_end()) is None else [end]

    def _take_up(self, name: str, source: Source, begin: Begin) -> None:
        before = next((host for host in self.hosts if host.name == name), None)
        host = begin(name, source, None if self._fleet is None else self._fleet.site(name))
        host.greeting = FOUND if before is None else FOUND_AGAIN
        if before is not None:
            host.given, host.loss = before.given, before.loss
            self.hosts.remove(before)
        self.hosts.append(host)
