"""The command `access`, with what it needs of this host: its disk, its file of tokens, its agents."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

from logagent import token_file
from logagent.admitting.access import rules_of
from logagent.config import accounts, values
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.core.access.caller import Proof
from logagent.core.access.rule_faults import KnownFacts
from logagent.peers.client.tls import client_tls
from logagent.peers.direct.tls_wire import over_tls
from logagent.places_of_files import is_directory, never_serves, places
from logagent.terminal.access import KnownGroups, OfHost, explain, settings_of
from logagent.terminal.access_check import AskedHosts, check
from logagent.terminal.contexts.reaching import agents_of
from logagent.terminal.own_agent import nearest
from logagent.terminal.setup_arguments import AccessArguments, AccessCheckArguments, AccessExplainArguments
from logagent.terminal.streams import Streams


def run(typed: AccessArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run an act of `access`, and return the exit code.

    Raises:
        ConfigError: for arguments or settings that cannot be used.
        OSError: for files of TLS that cannot be read.
    """
    match typed:
        case AccessExplainArguments():
            return explain(typed, environ, streams, OfHost(rules_of, places, _groups), socket.gethostname())
        case AccessCheckArguments():
            return _check(typed, environ, streams)
    raise TypeError(f"{type(typed).__name__} is no act of `access`")


def _check(typed: AccessCheckArguments, environ: Mapping[str, str], streams: Streams) -> int:
    try:
        timeout = values.seconds(typed.timeout)
    except ValueError as error:
        raise ConfigError("--timeout", str(error)) from None
    settings, file = settings_of(typed.config, environ, socket.gethostname())
    if typed.context:
        peers, context = agents_of(typed.context, environ)
        asked = AskedHosts(rules_of(settings), file or "", "", peers, over_tls(context), timeout)
    else:
        tls = over_tls(client_tls(settings.tls_ca, settings.tls_certificate, settings.tls_key))
        asked = AskedHosts(rules_of(settings), file or "", nearest(settings.listen), settings.peer, tls, timeout)
    return check(asked, _known(settings), streams)


def _known(settings: Settings) -> KnownFacts:
    return KnownFacts(
        host=settings.name,
        hosts={settings.name, *settings.peer},
        roots=tuple(settings.root_name.values()),
        tokens=None if settings.tokens is None else _tokens(settings.tokens),
        issuer=settings.oidc_issuer,
        authority=settings.tls_ca is not None,
        acting=tuple(settings.acting),
        acted_for=frozenset(kind for kinds in settings.acting.values() for kind in kinds),
        never_serves=never_serves(settings),
        is_directory=lambda root, name: is_directory(settings, root, name),
    )


def _tokens(path: Path) -> dict[str, frozenset[str]]:
    try:
        return token_file.names_and_groups(path)
    except token_file.TokensFault as fault:
        raise ConfigError("tokens", str(fault)) from None


def _groups(settings: Settings, proof: Proof, name: str) -> KnownGroups:
    if proof is Proof.TOKEN and settings.tokens is not None:
        groups = _tokens(settings.tokens).get(name)
        if groups is None:
            return KnownGroups(frozenset(), f"{settings.tokens} has no valid token of that name")
        return KnownGroups(groups, "as the file of tokens says")
    user, _, host = name.rpartition("@")
    if proof is Proof.UNIX and host == settings.name:
        try:
            return KnownGroups(accounts.groups_of(user), "as this machine says")
        except KeyError:
            return KnownGroups(frozenset(), "this machine has no user of that name")
    return KnownGroups(frozenset(), "" if proof is Proof.ANONYMOUS else "--group says which he is in")
