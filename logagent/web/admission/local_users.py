"""Which user of this machine a client is, and whether he is served, for who he is or for a group of his."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import trio

from logagent.core.access.caller import Caller, Proof, unix_name
from logagent.core.access.local_rights import LocalRights
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.proving import Unnamed

KEPT = 60.0
"""Seconds for which it is remembered what the directory says of a user: asking a directory service may take long, and
members leave a group seldom."""
MOST_KEPT = 1000
"""Users of whom it is remembered."""
PATIENCE = 5.0
"""Seconds that this machine's directory of users has to answer; then the user is refused."""
SILENT = 15.0
"""Seconds in which a directory that did not answer is not asked again who a user is: whoever may ask all the same, as
while there are no rules, must not wait for it each time."""

_LOOKING_UP = trio.CapacityLimiter(4)
"""Threads that ask for groups at a time: a directory service that hangs must not take up the threads of others."""

_STRANGER = (
    "user {0} may not ask this agent over loopback or a Unix socket; its setting local_users (--local-users {0}) would "
    "allow it"
)
_NAMELESS = (
    "user {0} stands for all users whom this machine cannot tell apart, and may not ask this agent over loopback or a "
    "Unix socket; {1} would allow it"
)
_UNKNOWN = (
    "it is not known which user asks, and over loopback or a Unix socket this agent answers only users whom it knows; "
    "{0} would allow it"
)
_TRUSTED = "a client certificate, or its setting trust_loopback,"
_PROVED = "a token or a client certificate that a [[rule]] names"
_BUSY = (
    "it is not known which user asks: the directory of users on the agent's machine did not say within {0:g} s who "
    "user {1} is; ask again"
)


Kept = TypeVar("Kept")


class Account(NamedTuple):
    """What this machine's directory says of a user.

    Attributes:
        name: empty if he has none.
        groups: their numbers.
        group_names: the names of those that have one.
    """

    name: str
    groups: frozenset[int]
    group_names: frozenset[str] = frozenset()


_NOBODY = Account("", frozenset())


async def account_of(user: int) -> Account:
    """Ask this machine's directory for a user, in a thread, since a directory service may take long."""
    return await trio.to_thread.run_sync(_account_of, user, limiter=_LOOKING_UP, abandon_on_cancel=True)


def _account_of(user: int) -> Account:
    try:
        entry = pwd.getpwuid(user)
        groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
    except (KeyError, OSError):
        return _NOBODY
    return Account(entry.pw_name, groups, frozenset(_group_names(groups)))


def _group_names(groups: frozenset[int]) -> list[str]:
    names = []
    for group in groups:
        with suppress(KeyError, OSError):
            names.append(grp.getgrgid(group).gr_name)
    return [name for name in names if name.isprintable()]  # Settings are UTF-8: no rule could name another.


class LocalUsers:
    """Decides which clients of this machine are served while there are no rules, and proves who they are.

    Args:
        rights: who is served while there are no rules.
        ask: asks this machine's directory for a user.
        host: the agent's name, which is a part of its users' names.
        trusting: whether all clients of this machine are served while there are no rules; where there are, those whom
            it cannot name are anonymous.
    """

    def __init__(
        self,
        rights: LocalRights,
        ask: Callable[[int], Awaitable[Account]] = account_of,
        *,
        host: str = "",
        trusting: bool = False,
    ) -> None:
        self._rights = rights
        self._ask = ask
        self._host = host
        self._trusting = trusting
        self._known: dict[int, tuple[float, Account]] = {}
        self._silent: dict[int, float] = {}

    async def objection(self, client: LocalClient) -> str:
        """Return why a client is not served while there are no rules; empty if it is served.

        It is a sentence that says what would allow it.
        """
        user = client.user
        if self._trusting:
            return ""
        if user is None:
            return _UNKNOWN.format(_TRUSTED)
        if user == self._rights.nameless:
            return _NAMELESS.format(user, _TRUSTED)
        if self._rights.serves_user(user):
            return ""
        account = await self._account(user) or _NOBODY
        return "" if self._rights.serves_member(user, account.groups) else _STRANGER.format(account.name or user)

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return which user of this machine asks, with the names of his groups; see `Prover.prove`.

        Raises:
            Unnamed: if that is not known, or he is one of those whom the machine cannot tell apart; not where they are
                trusted.
        """
        client: LocalClient | None = scope.get("state", {}).get(STATE)
        if client is None:
            return None
        user = client.user
        if user is None or user == self._rights.nameless:
            if self._trusting:
                return None
            raise Unnamed(_UNKNOWN.format(_PROVED) if user is None else _NAMELESS.format(user, _PROVED))
        account = None if trio.current_time() < self._silent.get(user, 0.0) else await self._account(user)
        if account is None:
            raise Unnamed(_BUSY.format(PATIENCE, user), status=503)
        return Caller(Proof.UNIX, unix_name(account.name or user, self._host), account.group_names)

    def still_proves(self, caller: Caller) -> bool:
        """Return True: the kernel said who holds a connection, and as long as it lasts it stays his."""
        return True

    async def _account(self, user: int) -> Account | None:
        """Return what the directory says of a user; None if it does not say so in time."""
        until, account = self._known.get(user, (0.0, _NOBODY))
        if trio.current_time() < until:
            return account
        with trio.move_on_after(PATIENCE):
            account = await self._ask(user)
            _keep(self._known, user, (trio.current_time() + KEPT, account))
            return account
        _keep(self._silent, user, trio.current_time() + SILENT)
        return None


def _keep(kept: dict[int, Kept], user: int, value: Kept) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[user] = value
