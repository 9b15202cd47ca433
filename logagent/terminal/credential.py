"""The token that a command sends: where it is named, and that it goes only where `token_sending` lets it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from logagent.config.errors import ConfigError
from logagent.core.outcome import Failure, Status
from logagent.peers.client.credentials import ConnectedSocket
from logagent.socket_owners import server_owner
from logagent.terminal.arguments import AskArguments
from logagent.terminal.token_reading import token_from_command, token_in_file
from logagent.token_sending import OTHERWISE, OwnerOf, is_in_cleartext, leads_out, objection

FRESH = 60.0
"""Seconds for which a token is not asked for again: a follow that connects again after that takes a new one."""


class SentToken:
    """The token for one agent; see `Credential`.

    Args:
        url: of the agent.
        read: returns the token; raises `ConfigError`.
        owner_of: returns who holds the server's end of a connection.
        clock: seconds from any beginning.
    """

    def __init__(
        self,
        url: str,
        read: Callable[[], str],
        owner_of: OwnerOf = server_owner,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_cleartext = is_in_cleartext(url)
        self._url = url
        self._read = read
        self._owner_of = owner_of
        self._clock = clock
        self._token, self._until = read(), clock() + FRESH

    @property
    def is_stale(self) -> bool:
        """Whether the token was had long ago."""
        return self._clock() >= self._until

    def refresh(self) -> None:
        """Read the token anew; see `Credential`."""
        try:
            self._token = self._read()
        except ConfigError as error:
            raise Failure(Status.PERMISSION_DENIED, str(error)) from None
        self._until = self._clock() + FRESH

    def authorization(self, connected: ConnectedSocket | None) -> str:
        """Return the header's value; see `Credential`."""
        if self._in_cleartext and (why := objection(connected, self._owner_of)):
            raise Failure(Status.PERMISSION_DENIED, f"the token was not sent: {why}; {OTHERWISE}")
        return f"Bearer {self._token}"

    def __repr__(self) -> str:
        return f"SentToken({self._url!r})"


def credential_for(url: str, typed: AskArguments, environ: Mapping[str, str]) -> SentToken | None:
    """Return the token for an agent, read at once; None if none is named.

    Args:
        url: of the agent.

    Raises:
        ConfigError: if the agent may not be sent one, or if it cannot be read.
    """
    named = _named(typed, environ)
    if named is None:
        return None
    where, text, read = named
    if leads_out(url):
        without = f"unset {where}" if where.startswith("LOGAGENT_") else f"leave out {where}"
        reason = f"no token is sent to {url}, since others on the way could read it: ask by https://, or {without}"
        raise ConfigError(where, reason)
    return SentToken(url, lambda: read(text, where))


def _named(typed: AskArguments, environ: Mapping[str, str]) -> tuple[str, str, Callable[[str, str], str]] | None:
    """Return what names the token, how, and what reads it: a flag or a context before the environment."""
    in_file, by_command = token_in_file, token_from_command
    flags: list[tuple[str, str | None, Callable[[str, str], str]]] = [
        (typed.where("token_file"), typed.token_file, in_file),
        (typed.where("token_command"), typed.token_command, by_command),
    ]
    variables: list[tuple[str, str | None, Callable[[str, str], str]]] = [
        (name, environ.get(name), read)
        for name, read in (("LOGAGENT_TOKEN_FILE", in_file), ("LOGAGENT_TOKEN_COMMAND", by_command))
    ]
    for named in (flags, variables):
        given = [(where, text, read) for where, text, read in named if text]
        if len(given) > 1:
            raise ConfigError(given[1][0], f"one token is sent; leave out this one or {given[0][0]}")
        if given:
            return given[0]
    return None
