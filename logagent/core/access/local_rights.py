"""Which users of an agent's machine it serves: an agent must not lend its own rights to any other user."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

ROOT = 0
"""The user who may read everything anyway."""


@dataclass(frozen=True, slots=True)
class LocalRights:
    """The users of this machine that are served.

    Attributes:
        own: the user of the agent.
        users: further users, by their numbers.
        groups: groups whose members are served, by their numbers.
        nameless: the number that stands for every user whom this machine cannot number, as those of other user
            namespaces; never served, whoever it is.
    """

    own: int
    users: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    nameless: int | None = None

    def serves_user(self, user: int) -> bool:
        """Return whether a user is served, whatever his groups are."""
        return user != self.nameless and (user in (ROOT, self.own) or user in self.users)

    def serves_member(self, user: int, groups: Collection[int]) -> bool:
        """Return whether a user is served for being in these groups."""
        return user != self.nameless and not self.groups.isdisjoint(groups)
