"""Which targets are known: those that are found now, and for some time those that were found before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from logagent.peers.target import Target

Key = tuple[str, str]
"""What makes a target the same over time: by what it was found, and its name, or else its first URL."""


@dataclass(frozen=True, slots=True)
class _Gone:
    target: Target
    moment: float
    since: float


class Grace:
    """Remembers targets that are no longer found, for a while.

    Args:
        seconds: for which they are remembered.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._found: dict[Key, Target] = {}
        self._gone: dict[Key, _Gone] = {}

    def begin_with(self, targets: Iterable[Target], moment: float, wall: float) -> None:
        """Remember what somebody else has found before, or remembered, as if it had been found here."""
        for target in targets:
            if target.stale_since is None:
                self._found[_key(target)] = target
            else:
                at, was = moment - max(wall - target.stale_since, 0.0), replace(target, stale_since=None)
                self._gone[_key(target)] = _Gone(was, at, target.stale_since)

    def known(self, found: Iterable[Target], moment: float, wall: float) -> tuple[Target, ...]:
        """Return the targets that are found, and behind them those that were, each with since when it is stale.

        A URL of a target that is found is not kept as stale too: a name that has moved to another port is found.

        Args:
            found: now, in all sources.
            moment: now, in seconds from any beginning.
            wall: the same in seconds since the epoch.
        """
        now = {_key(target): target for target in found}
        for key in self._found.keys() - now.keys():
            self._gone[key] = _Gone(self._found[key], moment, wall)
        self._found = now
        urls = {url for target in now.values() for url in target.urls}
        self._gone = {
            key: gone
            for key, gone in self._gone.items()
            if key not in now and moment < gone.moment + self.seconds and not urls.issuperset(gone.target.urls)
        }
        stale = [replace(gone.target, stale_since=gone.since) for _, gone in sorted(self._gone.items())]
        return (*now.values(), *stale)

    @property
    def ends(self) -> float:
        """When the next of them is forgotten, in the seconds of `known`; infinity: none is left."""
        return min((gone.moment + self.seconds for gone in self._gone.values()), default=float("inf"))


def _key(target: Target) -> Key:
    return target.found_by, target.name or target.urls[0]
