"""The command `context`: which contexts there are, which one is used, and where each value comes from."""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from logagent.config.errors import ConfigError
from logagent.terminal import address
from logagent.terminal.address import own_agent_of
from logagent.terminal.contexts import switching
from logagent.terminal.contexts.applying import FLAGS, VARIABLE, Chosen, choose, fill
from logagent.terminal.contexts.reading import KEYS, NONE, SECRET, ContextFile, NamedContext, read
from logagent.terminal.setup_arguments import (
    ContextArguments,
    ContextListArguments,
    ContextShowArguments,
    ContextUseArguments,
)
from logagent.terminal.streams import Streams
from logagent.terminal.tables import print_table, table
from logagent.terminal.verdicts import FOUND

_VARIABLES = {
    "agent": "LOGAGENT_AGENT",
    "certs": "LOGAGENT_CERTS",
    "name": "LOGAGENT_NAME",
    "token_file": "LOGAGENT_TOKEN_FILE",
    "token_command": "LOGAGENT_TOKEN_COMMAND",
}


def run(typed: ContextArguments, path: str, environ: Mapping[str, str], streams: Streams) -> int:
    """Run an act of `context`, and return the exit code.

    Args:
        path: of the file of contexts; empty: nobody's home is known.

    Raises:
        ConfigError: for a file that cannot be used, or a context that it has not.
    """
    match typed:
        case ContextShowArguments():
            return _show(typed, path, environ, streams)
        case ContextListArguments():
            return _list(typed, _file(path), environ, streams)
        case ContextUseArguments():
            return _use(typed, _file(path), environ, streams)
    raise TypeError(f"{type(typed).__name__} is no act of `context`")


def _file(path: str) -> ContextFile:
    if not path:
        raise ConfigError("HOME", "is not set, nor is XDG_CONFIG_HOME: one of them says where the file of contexts is")
    return read(Path(path))


def _list(typed: ContextListArguments, file: ContextFile, environ: Mapping[str, str], streams: Streams) -> int:
    used = environ.get(VARIABLE) or file.current
    if typed.output == "json":
        listed = [{"name": each.name, "used": each.name == used, **_shown(each)} for each in file.contexts.values()]
        streams.print(json.dumps({"file": str(file.path), "contexts": listed}) + "\n")
        return FOUND
    rows = [("*" if each.name == used else "", each.name, *_told(each)) for each in file.contexts.values()]
    print_table(table(("", "CONTEXT", "ASKS", "PROVES WITH"), rows), streams)
    if not file.contexts:
        streams.say(f"{file.path} has no context: [context.NAME] begins one")
    elif used not in file.contexts:
        streams.say(f"none is used; `logagent context use {next(iter(file.contexts))}` changes that")
    return FOUND


def _told(context: NamedContext) -> tuple[str, str]:
    asks = context.given.get("agent") or ", ".join(
        [*context.given.get("peers", ()), *filter(None, [context.given.get("peers_from")])]
    )
    proofs = [key for key in ("certs", "cert", "token_file", "token_command") if key in context.given]
    return asks, ", ".join(proofs) or "-"


def _shown(context: NamedContext) -> dict[str, Any]:
    return {key: without_secrets(key, context.given[key]) for key in KEYS if key in context.given}


def without_secrets(key: str, value: Any) -> Any:
    """Return a value as it may be shown: of a program its name, since its arguments may hold a password."""
    if key not in SECRET:
        return value
    program, *arguments = shlex.split(value) or [""]
    return f"{program} ..." if arguments else program


def _use(typed: ContextUseArguments, file: ContextFile, environ: Mapping[str, str], streams: Streams) -> int:
    name = typed.name or NONE
    switching.use(file, name)
    streams.print(f"{file.path}: current is {name}\n")
    if environ.get(VARIABLE):
        streams.say(f"{VARIABLE} is set, and goes before: commands use {environ[VARIABLE]}")
    return FOUND


class UsedValue(NamedTuple):
    """A value that a command would use, and where it comes from."""

    key: str
    value: Any
    source: str


def _show(typed: ContextShowArguments, path: str, environ: Mapping[str, str], streams: Streams) -> int:
    asked = typed.name or environ.get(VARIABLE) or (path and Path(path).exists())
    chosen = choose(path, typed.name, environ) if asked else None
    values = [
        UsedValue("context", chosen.context.name if chosen else NONE, _chosen_by(chosen)),
        *_values(chosen, environ),
    ]
    if typed.output == "json":
        shown = {each.key: {"value": each.value, "from": each.source} for each in values}
        streams.print(json.dumps({"file": path, "values": shown}) + "\n")
        return FOUND
    rows = [(each.key, _text(each.value), each.source) for each in values]
    print_table(table(("", "VALUE", "FROM"), rows), streams)
    return FOUND


def _chosen_by(chosen: Chosen | None) -> str:
    return "" if chosen is None else "NAME" if chosen.outranks else chosen.by


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _values(chosen: Chosen | None, environ: Mapping[str, str]) -> list[UsedValue]:
    """Return what a command would use that is given no flag."""
    given: dict[str, Any] = {FLAGS.get(key, key): None for key in KEYS} | {"output": "text", "told_by": {}}
    if chosen is not None:
        fill(given, chosen, environ)
    found = [_value(key, given, chosen, environ) for key in KEYS]
    return [each for each in found if each is not None]


def _value(key: str, given: Mapping[str, Any], chosen: Chosen | None, environ: Mapping[str, str]) -> UsedValue | None:
    argument, variable = FLAGS.get(key, key), _VARIABLES.get(key, "")
    if chosen is not None and given[argument]:
        return UsedValue(key, without_secrets(key, given[argument]), f"context {chosen.context.name}")
    if environ.get(variable) and not (key in ("token_file", "token_command") and _has_token(given)):
        return UsedValue(key, without_secrets(key, environ[variable]), variable)
    if key == "agent" and not given["peer"] and not given["peers_from"]:
        own = own_agent_of(environ)
        return UsedValue(key, own.url, own.where) if own else UsedValue(key, address.DEFAULT_AGENT, "the default")
    if key == "name" and (given["certs"] or environ.get("LOGAGENT_CERTS")):
        return UsedValue(key, socket.gethostname().partition(".")[0], "this machine")
    return None


def _has_token(given: Mapping[str, Any]) -> bool:
    return bool(given["token_file"] or given["token_command"])
