"""The texts that people give for settings, from each place where they can give them."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from logagent.config import access_rules, acting
from logagent.config.errors import ConfigError
from logagent.config.setting import Setting
from logagent.config.table import BY_NAME, SETTINGS
from logagent.config.time_formats import TABLE_EXAMPLE, as_text

_TABLES = {
    "peer": 'db-2 = "https://10.0.0.2:8443"',
    "primary": 'site-a = "https://10.1.0.2:8443"',
    "peer_label": 'web-1 = "role=web,zone=a"',
    "root_name": '"/srv/app/log" = "app"',
    "root_timezone": '"/var/log/app" = "Europe/Berlin"',
    "acting": acting.EXAMPLE,
}
"""Settings that are tables in the file, and an example of a line in each."""


class Given(NamedTuple):
    """The value given for one setting.

    Attributes:
        texts: as a command line would hold them; several only for repeatable settings and repeated flags.
        where: the place to name in messages.
        base: the directory that relative paths start from.
    """

    texts: tuple[str, ...]
    where: str
    base: Path = Path()


def from_defaults(host: str) -> dict[str, Given]:
    """Return the defaults by setting.

    Args:
        host: the machine's host name, whose part up to the first dot is the default of `name`.
    """
    given = {
        setting.name: Given((setting.default,), f"{setting.name} (default)") for setting in SETTINGS if setting.default
    }
    return {**given, "name": Given((host.partition(".")[0],), "the machine's host name")}


def from_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    """Return the values in environment variables, by setting.

    An empty variable counts as absent, since compose files set unset variables to empty texts.
    """
    given: dict[str, Given] = {}
    for setting in SETTINGS:
        text = environ.get(setting.variable, "")
        if text and setting.in_file_only:
            # What somebody takes for being in force must not be passed over.
            raise ConfigError(setting.variable, f"stands in the file of --config only, as tables [[{setting.name}]]")
        if text:
            texts = _pieces(text, setting.between) if setting.repeatable else (text,)
            given[setting.name] = Given(texts, setting.variable)
    return given


def _pieces(text: str, between: str) -> tuple[str, ...]:
    pieces = tuple(piece.strip() for piece in text.split(between))
    return pieces if between == "," else tuple(filter(None, pieces))


def from_file(path: Path, faults: list[ConfigError] | None = None) -> dict[str, Given]:
    """Read the values in a TOML file, by setting; relative paths in it start from the file's directory.

    Args:
        path: of the file.
        faults: gets what is wrong with single settings, which are left out then; None: the first one is raised.

    Raises:
        ConfigError: if the file cannot be read, is not TOML, or has a key that is no setting.
    """
    given: dict[str, Given] = {}
    for name, value in _toml(path).items():
        try:
            given[name] = _given_in(path, name, value)
        except ConfigError as fault:
            if faults is None:
                raise
            faults.append(fault)
    return given


def _given_in(path: Path, name: str, value: object) -> Given:
    if name not in BY_NAME:
        raise ConfigError(str(path), f"unknown setting {name!r}{_nearest(name)}")
    where = f"{path}: {name}"
    return Given(_texts(BY_NAME[name], value, where), where, path.parent)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(str(path), f"is not TOML: {error}") from None


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name.replace("-", "_"), BY_NAME, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(BY_NAME)}"


def _texts(setting: Setting, value: object, where: str) -> tuple[str, ...]:
    if setting.name in _TABLES:
        if not isinstance(value, dict):
            raise ConfigError(
                where, f"must be a table, such as [{setting.name}] with lines like {_TABLES[setting.name]}"
            )
        _refuse_strayed(setting, value, where)
        return tuple(f"{name}={_member(setting, name, member, where)}" for name, member in value.items())
    if setting.name == "label" and isinstance(value, dict):
        _refuse_strayed(setting, value, where)
        return tuple(f"{name}={_member(setting, name, member, where)}" for name, member in value.items())
    if setting.name == "time_format":
        return _tables_of_formats(value, where)
    if setting.name == "rule":
        return _tables_of_rules(value, where)
    if not setting.repeatable:
        return (_text_of(value, where),)
    several = value if isinstance(value, list) else [value]
    return tuple(_text_of(member, where, "must be a text, or a list of texts") for member in several)


def _refuse_strayed(setting: Setting, table: Mapping[str, object], where: str) -> None:
    """Refuse settings that somebody has written below a table, of which TOML makes members of that.

    A peer that is called as a setting is, such as `traces`, would be taken for one, and its URL be asked for logs.
    """
    if strayed := next((name for name in table if name in BY_NAME), None):
        reason = f"{strayed} is a setting of the agent: it stands above [{setting.name}] and all tables, not below"
        raise ConfigError(where, f"{reason}; for a host of that name, say {setting.flag} {strayed}=...")


def _tables_of_formats(value: object, where: str) -> tuple[str, ...]:
    """Return the formats of time in an array of tables; a text is one as it is typed on the command line."""
    texts = []
    for table in value if isinstance(value, list) else [value]:
        if not isinstance(table, dict | str):
            raise ConfigError(where, f"must be tables [[time_format]], each such as {TABLE_EXAMPLE}")
        texts.append(as_text(table) if isinstance(table, dict) else table)
    return tuple(texts)


def _tables_of_rules(value: object, where: str) -> tuple[str, ...]:
    """Return the rules in an array of tables."""
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ConfigError(where, f"must be tables [[rule]], with two brackets, each such as {access_rules.EXAMPLE}")
    if not value:
        raise ConfigError(where, 'is empty; leave it out, or deny everything: who = "*", access = "deny"')
    for number, table in enumerate(value, 1):
        if strayed := next((name for name in table if name in BY_NAME and name not in access_rules.MEMBERS), None):
            reason = f"{strayed} is a setting of the agent: it stands above the first [[rule]], not within one"
            raise ConfigError(f"{where} {number}", reason)
    return tuple(map(access_rules.as_text, value))


def _member(setting: Setting, name: str, value: object, where: str) -> str:
    """Return the text of one value in a table; kinds of identities may be a list."""
    if setting.name == "acting" and isinstance(value, list):
        otherwise = f"{name}: must be kinds of identities, as a text or a list of texts"
        return ",".join(_text_of(member, where, otherwise) for member in value)
    return _text_of(value, where)


def _text_of(value: object, where: str, otherwise: str = "must be one value, a text or a number") -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            raise ConfigError(where, otherwise)
