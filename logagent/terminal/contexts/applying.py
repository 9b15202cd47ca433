"""What a command is given by its context: all that was neither typed nor stands in the environment.

The agent of a context, its certificates, its token and its hosts belong together: whoever asks another agent sends that
one nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.wire.listing import parse_listing
from logagent.terminal.address import spelled
from logagent.terminal.checking import checked
from logagent.terminal.contexts.reading import NONE, NamedContext, read
from logagent.terminal.names import host_names

VARIABLE = "LOGAGENT_CONTEXT"
"""The environment variable that names a context."""

FLAGS: Mapping[str, str] = {"peers": "peer", "zone": "clock"}
"""The arguments that hold what a context calls otherwise."""
_OF_TLS = ("certs", "ca", "cert", "key")
_TOKENS = ("token_file", "token_command")
_WAYS = ("agent", "peers", "peers_from")


class Chosen(NamedTuple):
    """The context of a command.

    Attributes:
        by: what has named it, for messages.
        outranks: whether it goes before the environment, since it was typed.
    """

    context: NamedContext
    by: str
    outranks: bool


def choose(path: str, named: str | None, environ: Mapping[str, str]) -> Chosen | None:
    """Return the context that is named: as typed, else by the environment, else as the file says.

    Args:
        path: of the file of contexts; empty: nobody's home is known.
        named: what was typed; None: nothing.

    Returns:
        None: none is used.

    Raises:
        ConfigError: if the file cannot be used, or has none of that name.
    """
    name, by = (named, "--context") if named is not None else (environ.get(VARIABLE) or None, VARIABLE)
    if name in ("", NONE):
        return None
    if not path:
        raise ConfigError(by, "neither HOME nor XDG_CONFIG_HOME says where the file of contexts is")
    file = read(Path(path))
    if name is None:
        name, by = file.current, f"{path}: current"
    return Chosen(file.named(name, by), by, named is not None) if name else None


def apply(given: dict[str, Any], path: str, environ: Mapping[str, str]) -> list[str]:
    """Give the arguments of a command what its context holds.

    Args:
        given: the arguments by name, which are changed.
        path: of the file of contexts.

    Returns:
        What is to be told to whoever asks.

    Raises:
        ConfigError: as `choose`; or for a context that this command cannot use.
    """
    chosen = choose(path, given["context_name"], environ)
    return fill(given, chosen, environ) if chosen else []


def fill(given: dict[str, Any], chosen: Chosen, environ: Mapping[str, str]) -> list[str]:
    """Give arguments what a context holds; see `apply`."""
    context, told = chosen.context, []
    keys = {"prefix", "zone"}
    if elsewhere := _elsewhere(given, chosen, environ):
        unsent = [key for key in (*_OF_TLS, *_TOKENS) if key in context.given]
        if unsent and chosen.outranks:
            told = [f"{elsewhere} names another agent than context {context.name}, whose {unsent[0]} is not for that"]
    else:
        keys |= {*_WAYS, "host", *_of_tls(given, chosen, environ), *_token(given, chosen, environ)}
    for key, value in context.given.items():
        if key in keys:
            _set(given, key, value, context)
    return told


def _elsewhere(given: Mapping[str, Any], chosen: Chosen, environ: Mapping[str, str]) -> str:
    """Return what names somebody else to ask than the context does; empty if nothing does."""
    if given.get("peer"):
        return "--peer"
    if given.get("peers_from"):
        return "--peers-from"
    url = given["agent"] or (None if chosen.outranks else environ.get("LOGAGENT_AGENT"))
    if not url or _same(url, chosen.context.given.get("agent")):
        return ""
    return "--agent" if given["agent"] else "LOGAGENT_AGENT"


def _same(url: str, agent: str | None) -> bool:
    try:
        return values.agent_url(spelled(url)) == agent
    except ValueError:
        return False


def _of_tls(given: Mapping[str, Any], chosen: Chosen, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the keys of TLS that count: a directory that was typed replaces all files, a certificate its key too."""
    if chosen.outranks or not environ.get("LOGAGENT_NAME"):
        yield "name"
    if given["certs"] or (environ.get("LOGAGENT_CERTS") and not chosen.outranks):
        return
    yield from ("certs", "ca")
    if not given["cert"] and not given["key"]:
        yield from ("cert", "key")


def _token(given: Mapping[str, Any], chosen: Chosen, environ: Mapping[str, str]) -> tuple[str, ...]:
    typed = any(given[key] for key in _TOKENS)
    in_environment = any(environ.get(f"LOGAGENT_{key.upper()}") for key in _TOKENS)
    return () if typed or (in_environment and not chosen.outranks) else _TOKENS


def _set(given: dict[str, Any], key: str, value: Any, context: NamedContext) -> None:
    argument = FLAGS.get(key, key)
    if argument not in given:
        if key in _WAYS:
            raise ConfigError(context.where(key), "this command asks one agent: name one with --agent")
        return
    if given[argument] or (key == "zone" and not _prints_times(given)):
        return
    if key == "host":
        checked({"hostname": host_names(value)}, parse_listing, {"hostname": context.where(key)})
    given[argument] = value
    given["told_by"] = {**given["told_by"], argument: context.where(key)}


def _prints_times(given: Mapping[str, Any]) -> bool:
    """Return whether a zone can be chosen for what is printed: that of JSON is UTC, and numbers have none."""
    return given["output"] == "text" and not any(map(given.get, ("json", "count", "files_with_matches")))
