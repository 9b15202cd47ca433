"""The file of contexts, read and checked: every fault is told with its place, and with what would be right."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.terminal.contexts import rights

NONE = "none"
"""What `--context` and `LOGAGENT_CONTEXT` hold where none is to be used, as an empty text does."""
LARGEST = 1024 * 1024
"""Bytes of the file at most: some thousand contexts."""

TEXTS = frozenset({"agent", "peers_from", "certs", "name", "ca", "cert", "key", "token_file", "token_command"})
PATHS = frozenset({"peers_from", "certs", "ca", "cert", "key", "token_file"})
LISTS = frozenset({"peers", "host"})
CHOICES: Mapping[str, tuple[str, ...]] = {"prefix": ("auto", "always", "never"), "zone": ("utc", "local")}
KEYS = (
    *("agent", "peers", "peers_from", "certs", "name", "ca", "cert", "key"),
    *("token_file", "token_command", "host", "prefix", "zone"),
)
"""All keys of a context, in the order in which they are shown."""
SECRET = frozenset({"token_command"})
"""Keys whose values nobody else may read: the arguments of a program may hold a password. A path is no secret: the file
that it names is looked at by itself."""

_TOKEN_KEYS = frozenset({"token", "tokens", "bearer", "bearer_token", "password", "secret", "authorization"})
_A_TOKEN = re.compile("logagent_[0-9A-Za-z]{40,}")
_NO_TOKEN = (
    "a token never stands in this file: put it into one that only you can read (chmod 600), and give "
    'token_file = "FILE", or token_command = "COMMAND" for a program that prints it'
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*", re.ASCII)


@dataclass(frozen=True)
class NamedContext:
    """A context.

    Attributes:
        file: that it stands in.
        given: its values by key, paths absolute.
    """

    name: str
    file: Path
    given: Mapping[str, Any]

    def where(self, key: str) -> str:
        """Return the place of a key, for messages."""
        return f"{self.file}: context {self.name}: {key}"


@dataclass(frozen=True)
class ContextFile:
    """What the file holds.

    Attributes:
        current: the name of the context that is used unless another one is named; empty: none is.
    """

    path: Path
    text: str
    current: str
    contexts: Mapping[str, NamedContext]

    def named(self, name: str, where: str) -> NamedContext:
        """Return a context.

        Args:
            where: what named it, for messages.

        Raises:
            ConfigError: if there is none of that name.
        """
        if name in self.contexts:
            return self.contexts[name]
        raise ConfigError(where, f"{self.path} has no context {name!r}{nearest(name, self.contexts)}")


def nearest(name: str, known: Collection[str]) -> str:
    """Return what may be meant by a name that is none, or else which ones there are."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(known)}" if known else "; it has none: [context.NAME] begins one"


def read(path: Path) -> ContextFile:
    """Read the file of contexts.

    Raises:
        ConfigError: if it cannot be read, if others can change it, or read secrets in it, or if something in it is
            wrong.
    """
    where = str(path)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if why := rights.why_changeable(path, status):
                raise ConfigError(where, why)
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ConfigError(where, f"has more than {LARGEST} bytes; is it a file of contexts?")
        text = content.decode()
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(where, f"does not exist; a context is made by writing one there: {_EXAMPLE}") from None
    except OSError as error:
        raise ConfigError(where, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise ConfigError(where, f"is not TOML: {error}") from None
    read_file = _checked(path, text, document)
    holding = [
        f"{key} of context {each.name}" for each in read_file.contexts.values() for key in SECRET & {*each.given}
    ]
    if holding and (why := rights.why_readable(path, status)):
        raise ConfigError(where, f"holds {holding[0]}, whose arguments may be secret, and {why}")
    return read_file


_EXAMPLE = '[context.prod], and below it agent = "https://logs-1.example.org:8443"'


def _checked(path: Path, text: str, document: Mapping[str, Any]) -> ContextFile:
    for key in document:
        if key in _TOKEN_KEYS:
            raise ConfigError(f"{path}: {key}", _NO_TOKEN)
        if key not in ("current", "context"):
            raise ConfigError(str(path), f"unknown key {key!r}{_top_level(key)}")
    tables = document.get("context", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(f"{path}: context", f"must be tables with a name, such as {_EXAMPLE}")
    current = document.get("current", "")
    if not isinstance(current, str):
        raise ConfigError(f"{path}: current", 'must be the name of a context, such as current = "prod"')
    contexts = {name: _Reader(path, name).context(table) for name, table in tables.items()}
    return ContextFile(path, text, "" if current == NONE else current, contexts)


def _top_level(key: str) -> str:
    if key in KEYS:
        return "; it belongs below [context.NAME]"
    close = difflib.get_close_matches(key, ("current", "context"), n=1)
    return f"; did you mean {close[0]!r}?" if close else "; known are current, and tables [context.NAME]"


class _Reader:
    """Reads the values of one context."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    def context(self, table: Mapping[str, Any]) -> NamedContext:
        if self._name == NONE or self._name.isdecimal() or not _NAME.fullmatch(self._name):
            # `--context 3` means lines of context.
            usable = "letters, digits, dots, hyphens, underscores and @, is no number, and not none"
            raise ConfigError(str(self._path), f"a context cannot be called {self._name!r}; its name has {usable}")
        given = {key: self._value(key, value) for key, value in table.items()}
        self._check_together(given)
        return NamedContext(self._name, self._path, given)

    def _wrong(self, key: str, reason: str) -> ConfigError:
        return ConfigError(f"{self._path}: context {self._name}" + (f": {key}" if key else ""), reason)

    def _value(self, key: str, value: object) -> Any:
        if key in _TOKEN_KEYS or (isinstance(value, str) and _A_TOKEN.search(value)):
            raise self._wrong(key, _NO_TOKEN)
        if key not in KEYS:
            close = difflib.get_close_matches(key.replace("-", "_"), KEYS, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(KEYS)}"
            raise self._wrong("", f"unknown key {key!r}{meant}")
        if key in LISTS:
            return self._several(key, value)
        if key in CHOICES:
            if value not in CHOICES[key]:
                raise self._wrong(key, f"must be one of {', '.join(map(repr, CHOICES[key]))}")
            return value
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, 'must be a text between quotation marks, such as "..."')
        return self._text(key, value)

    def _several(self, key: str, value: object) -> tuple[str, ...]:
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list) or not several or not all(isinstance(each, str) and each for each in several):
            example = '["web-1=ssh://web-1"]' if key == "peers" else '["web-*"]'
            raise self._wrong(key, f"must be a list of texts, such as {example}")
        return tuple(self._peer(each) if key == "peers" else each for each in several)

    def _peer(self, text: str) -> str:
        name, equals, url = text.rpartition("=") if "://" not in text.partition("=")[0] else ("", "", text)
        return f"{name}{equals}{self._url(url)}"

    def _text(self, key: str, value: str) -> str:
        if key in PATHS:
            return self._absolute(value)
        if key == "token_command":
            return self._command(value)
        if key == "agent":
            try:
                return values.agent_url(self._url(value))
            except ValueError as error:
                raise self._wrong(key, str(error)) from None
        return value

    def _url(self, url: str) -> str:
        if values.is_unix(url) and not url.startswith(f"{values.UNIX}//"):
            return values.UNIX + self._absolute(url.removeprefix(values.UNIX))
        return url

    def _absolute(self, path: str) -> str:
        return str(self._path.absolute().parent / os.path.expanduser(path))  # noqa: PTH111 - a text comes out

    def _command(self, command: str) -> str:
        """Return a command whose program, where it is named by a path, is found from anywhere."""
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise self._wrong("token_command", f"cannot be taken apart: {str(error).lower()}") from None
        if words and "/" in words[0]:
            return shlex.join([self._absolute(words[0]), *words[1:]])
        return command

    def _check_together(self, given: Mapping[str, Any]) -> None:
        ways = [key for key in ("agent", "peers", "peers_from") if key in given]
        if not ways:
            raise self._wrong("", 'names nobody to ask: give agent = "https://HOST:8443", peers or peers_from')
        if "agent" in ways and len(ways) > 1:
            raise self._wrong(ways[1], "an agent knows its own peers: give agent, or peers, not both")
        if {"token_file", "token_command"} <= {*given}:
            raise self._wrong("token_command", "one token is sent: leave out this one or token_file")
        for key, other in (("cert", "key"), ("key", "cert")):
            if key in given and other not in given:
                raise self._wrong(key, f"a certificate and its key are needed together: give {other} too")
