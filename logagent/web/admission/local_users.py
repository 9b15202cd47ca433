"""Whether a user of this machine is served, for who he is or for a group of his."""

from __future__ import annotations

import os
import pwd
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import trio

from logagent.core.access.local_rights import LocalRights
from logagent.web.admission.local_client import LocalClient

KEPT = 60.0
"""Seconds for which it is remembered whether a user is served for his groups: asking a directory service may take
long, and members leave a group seldom."""
MOST_KEPT = 1000
"""Users of whom it is remembered."""
PATIENCE = 5.0
"""Seconds that this machine's directory of users has to answer; then the user is refused."""

_LOOKING_UP = trio.CapacityLimiter(4)
"""Threads that ask for groups at a time: a directory service that hangs must not take up the threads of others."""

_STRANGER = (
    "user {0} may not ask this agent over loopback or a Unix socket; its setting local_users (--local-users {0}) would "
    "allow it"
)
_NAMELESS = (
    "user {0} stands for all users whom this machine cannot tell apart, and may not ask this agent over loopback or a "
    "Unix socket; a client certificate, or its setting trust_loopback, would allow it"
)
_UNKNOWN = (
    "it is not known which user asks, and over loopback or a Unix socket this agent answers only users whom it knows; "
    "a client certificate, or its setting trust_loopback, would allow it"
)


class Account(NamedTuple):
    """What this machine's directory says of a user.

    Attributes:
        name: empty if he has none.
        groups: their numbers.
    """

    name: str
    groups: frozenset[int]


async def account_of(user: int) -> Account:
    """Ask this machine's directory for a user, in a thread, since a directory service may take long."""
    return await trio.to_thread.run_sync(_account_of, user, limiter=_LOOKING_UP, abandon_on_cancel=True)


def _account_of(user: int) -> Account:
    try:
        entry = pwd.getpwuid(user)
        return Account(entry.pw_name, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)))
    except (KeyError, OSError):
        return Account("", frozenset())


class LocalUsers:
    """Decides which clients of this machine are served.

    Args:
        rights: who is.
        ask: asks this machine's directory for a user.
    """

    def __init__(self, rights: LocalRights, ask: Callable[[int], Awaitable[Account]] = account_of) -> None:
        self._rights = rights
        self._ask = ask
        self._known: dict[int, tuple[float, str]] = {}

    async def objection(self, client: LocalClient) -> str:
        """Return why a client is not served, in a sentence that says what would allow it; empty if it is served."""
        user = client.user
        if user is None:
            return _UNKNOWN
        if user == self._rights.nameless:
            return _NAMELESS.format(user)
        if self._rights.serves_user(user):
            return ""
        until, objection = self._known.get(user, (0.0, ""))
        return objection if trio.current_time() < until else await self._look_up(user)

    async def _look_up(self, user: int) -> str:
        account = Account("", frozenset())
        with trio.move_on_after(PATIENCE) as in_time:
            account = await self._ask(user)
        objection = "" if self._rights.serves_member(user, account.groups) else _STRANGER.format(account.name or user)
        if in_time.cancelled_caught:
            return objection  # The next request asks again.
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[user] = trio.current_time() + KEPT, objection
        return objection
