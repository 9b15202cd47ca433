"""The arguments of commands that serve or set something up, as typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from logagent.terminal.command_parser import TypedArguments


class ServeArguments(TypedArguments):
    """The arguments of `serve`.

    Attributes:
        config: a TOML file of settings.
        settings: the texts given by flag, by the name of the setting.
        check: whether it is only told what would be served, and why not.
    """

    check: bool
    config: str | None
    settings: Mapping[str, Sequence[str]]


class StdioArguments(TypedArguments):
    """The arguments of `stdio`.

    Attributes:
        config: a TOML file of settings.
        settings: the texts given by flag, by the name of the setting.
    """

    config: str | None
    settings: Mapping[str, Sequence[str]]


class CertsArguments(TypedArguments):
    """The arguments of all acts of `certs`.

    Attributes:
        act: its name.
        directory: that of the authority.
    """

    act: str
    directory: str


class CertsInitArguments(CertsArguments):
    """The arguments of `certs init`."""


class CertsHostArguments(CertsArguments):
    """The arguments of `certs host`.

    Attributes:
        address: IP addresses and DNS names that the certificate is for.
    """

    name: str
    address: Sequence[str]
    overwrite: bool


class CertsClientArguments(CertsArguments):
    """The arguments of `certs client`.

    Attributes:
        group: names of groups.
        days: for which the certificate holds; None: as long as they usually do.
    """

    name: str
    group: Sequence[str]
    days: int | None
    overwrite: bool


class CertsRevokeArguments(CertsArguments):
    """The arguments of `certs revoke`.

    Attributes:
        which: a name, a file, or a fingerprint.
    """

    which: str


class CertsListArguments(CertsArguments):
    """The arguments of `certs list`."""

    json: bool


class ContextArguments(TypedArguments):
    """The arguments of all acts of `context`."""


class ContextListArguments(ContextArguments):
    """The arguments of `context list`."""

    output: str


class ContextUseArguments(ContextArguments):
    """The arguments of `context use`."""

    name: str


class ContextShowArguments(ContextArguments):
    """The arguments of `context show`.

    Attributes:
        name: of the context; None: the one that is used.
    """

    name: str | None
    output: str


class DemoArguments(TypedArguments):
    """The arguments of `demo`."""

    keep: bool
    directory: str | None


class ReloadArguments(TypedArguments):
    """The arguments of `reload`.

    Attributes:
        control: the socket of the agent; None: it is looked for.
    """

    control: str | None


class TokenArguments(TypedArguments):
    """The arguments of all acts of `token`.

    Attributes:
        tokens: the file; None: that of this host's settings.
    """

    tokens: str | None


class TokenNewArguments(TokenArguments):
    """The arguments of `token new`.

    Attributes:
        group: names of groups.
        expires: a span; None: the token does not end by itself.
    """

    name: str
    group: Sequence[str]
    expires: str | None


class TokenListArguments(TokenArguments):
    """The arguments of `token list`."""

    json: bool


class TokenRevokeArguments(TokenArguments):
    """The arguments of `token revoke`.

    Attributes:
        which: a name, or the fingerprint of one token.
    """

    which: str


class AccessArguments(TypedArguments):
    """The arguments of all acts of `access`.

    Attributes:
        config: a TOML file of settings; None: that of this host's agent.
    """

    config: str | None


class AccessExplainArguments(AccessArguments):
    """The arguments of `access explain`.

    Attributes:
        identity: who asks.
        host: the host that is asked; None: this one.
        file: a name below the roots, or an absolute path.
        group: names of his groups.
        what: kinds of questions on which the exit code hangs; none: logs.
    """

    identity: str
    host: str | None
    file: str
    group: Sequence[str]
    what: Sequence[str]


class AccessCheckArguments(AccessArguments):
    """The arguments of `access check`.

    Attributes:
        timeout: how long to wait for each host.
        context: the context whose agent is asked; None: this host's and its peers are.
    """

    timeout: str
    context: str | None


def serve_arguments(*, config: str | None, check: bool, **given: Any) -> ServeArguments:
    """Make the arguments of `serve`."""
    return ServeArguments(config=config, check=check, settings=_settings(given))


def stdio_arguments(*, config: str | None, **given: Any) -> StdioArguments:
    """Make the arguments of `stdio`."""
    return StdioArguments(config=config, settings=_settings(given))


def _settings(given: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    return {name: _texts(value) for name, value in given.items() if value is not None}


def _texts(given: bool | list[str]) -> list[str]:
    return [str(given).lower()] if isinstance(given, bool) else given


_CERTS: Mapping[str, type[CertsArguments]] = {
    "init": CertsInitArguments,
    "host": CertsHostArguments,
    "client": CertsClientArguments,
    "revoke": CertsRevokeArguments,
    "list": CertsListArguments,
}


def certs_arguments(*, act: str, **given: Any) -> CertsArguments:
    """Make the arguments of an act of `certs`."""
    return _CERTS[act](act=act, **given)


def token_arguments(*, act: str, **given: Any) -> TokenArguments:
    """Make the arguments of an act of `token`."""
    return {"new": TokenNewArguments, "list": TokenListArguments, "revoke": TokenRevokeArguments}[act](**given)


def access_arguments(*, act: str, **given: Any) -> AccessArguments:
    """Make the arguments of an act of `access`."""
    return {"explain": AccessExplainArguments, "check": AccessCheckArguments}[act](**given)


def context_arguments(*, act: str, **given: Any) -> ContextArguments:
    """Make the arguments of an act of `context`."""
    return {"list": ContextListArguments, "use": ContextUseArguments, "show": ContextShowArguments}[act](**given)
