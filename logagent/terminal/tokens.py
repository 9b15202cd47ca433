"""The command `token`: makes tokens, lists them, and has them refused; agents that read the file take note of it."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.config.given import from_file
from logagent.core.access.tokens import RANDOM_BYTES, TokenEntry, checked_name, digest_of, moment_text, token_of
from logagent.terminal import address
from logagent.terminal.setup_arguments import (
    TokenArguments,
    TokenListArguments,
    TokenNewArguments,
    TokenRevokeArguments,
)
from logagent.terminal.streams import Streams
from logagent.terminal.tables import print_table, table
from logagent.terminal.verdicts import FOUND, NOTHING
from logagent.token_file import TokensFault, change, read

USUAL = "/etc/logagent/tokens"
"""The file of tokens if nothing names another one."""
KEPT = 90 * 86400
"""Seconds for which a token that is over stays in the file, so that the agent's log can name whoever still shows it."""
LONGEST = 100 * 365 * 86400
"""Seconds after which a token may end: more than a hundred years is a typing error."""

_SPANS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_HEADER = ("NAME", "FINGERPRINT", "GROUPS", "CREATED", "ENDS", "STATE")


@dataclass(frozen=True, slots=True)
class _File:
    """The file of tokens.

    Attributes:
        where: what named it; empty: nothing did.
    """

    path: Path
    where: str


def run(typed: TokenArguments, environ: Mapping[str, str], streams: Streams, *, now: int) -> int:
    """Run an act of `token`, and return the exit code.

    Args:
        now: in seconds since the epoch.

    Raises:
        ConfigError: for an argument that cannot be used, and for a file that cannot be read or written.
        OSError: if a token cannot be printed; then it is not valid.
    """
    file = _file(typed, environ)
    try:
        match typed:
            case TokenNewArguments():
                return _new(typed, file, streams, now)
            case TokenRevokeArguments():
                return _revoke(typed, file, streams, now)
            case TokenListArguments():
                return _list(typed, file, streams, now)
    except TokensFault as fault:
        raise ConfigError(file.where or "--tokens", str(fault)) from None
    raise TypeError(f"{type(typed).__name__} is no act of `token`")


def _file(typed: TokenArguments, environ: Mapping[str, str]) -> _File:
    if typed.tokens:
        return _File(Path(typed.tokens), "--tokens")
    if named := environ.get("LOGAGENT_TOKENS"):
        return _File(Path(named), "LOGAGENT_TOKENS")
    settings = environ.get("LOGAGENT_CONFIG") or address.CONFIG
    given = from_file(Path(settings)) if environ.get("LOGAGENT_CONFIG") or os.access(settings, os.R_OK) else {}
    if "tokens" in given:
        return _File(given["tokens"].base / given["tokens"].texts[-1], given["tokens"].where)
    return _File(Path(USUAL), "")


def _new(typed: TokenNewArguments, file: _File, streams: Streams, now: int) -> int:
    token = token_of(secrets.token_bytes(RANDOM_BYTES))
    groups = tuple(sorted({_checked("--group", group) for group in typed.group}))
    expires = None if typed.expires is None else now + _span(typed.expires)
    made = TokenEntry(_checked("NAME", typed.name), digest_of(token), groups, now, expires)

    def add(entries: tuple[TokenEntry, ...]) -> tuple[TokenEntry, ...]:
        nonlocal made
        others = [each for each in entries if each.name == made.name and not each.over(now)]
        if others and not made.groups:
            made = replace(made, groups=others[-1].groups)
        return (*_pruned(entries, now), made)

    change(file.path, add)
    try:
        streams.print(f"{token}\n")
    except OSError:
        change(file.path, lambda entries: tuple(each for each in entries if each.sha256 != made.sha256))
        raise
    streams.say(f"{_told(made)}; it is printed this once, and {file.path} holds only its SHA-256")
    if not file.where:
        streams.say(f'an agent reads that file if its settings say so: tokens = "{file.path}"')
    return FOUND


def _revoke(typed: TokenRevokeArguments, file: _File, streams: Streams, now: int) -> int:
    revoked: list[TokenEntry] = []

    def revoke(entries: tuple[TokenEntry, ...]) -> tuple[TokenEntry, ...]:
        meant = [each for each in entries if typed.which in (each.name, each.fingerprint)]
        revoked[:] = [replace(each, revoked=now) for each in meant if not each.over(now)]
        if not revoked:
            raise ConfigError("token revoke", _none_such(typed.which, meant, entries, file, now))
        by_digest = {each.sha256: each for each in revoked}
        return _pruned(tuple(by_digest.get(each.sha256, each) for each in entries), now)

    change(file.path, revoke)
    for entry in revoked:
        streams.say(f"revoked {_told(entry)}")
    return FOUND


def _none_such(which: str, meant: Sequence[TokenEntry], entries: Sequence[TokenEntry], file: _File, now: int) -> str:
    if meant:
        return f"{which} is over already: {meant[-1].over(now)}"
    known = sorted({entry.name for entry in entries if not entry.over(now)})
    there = f"it has those of {', '.join(known)}" if known else "it has no valid ones"
    return f"{file.path} has no token {which}; {there}"


def _list(typed: TokenListArguments, file: _File, streams: Streams, now: int) -> int:
    entries = read(file.path)
    if typed.json:
        streams.print(json.dumps({"tokens": [_to_json(entry, now) for entry in entries]}) + "\n")
    elif entries:
        print_table(table(_HEADER, [_row(entry, now) for entry in entries]), streams)
    else:
        streams.say(f"there are no tokens in {file.path}; `logagent token new NAME` makes one")
    return FOUND if entries else NOTHING


def _row(entry: TokenEntry, now: int) -> tuple[str, ...]:
    groups = ", ".join(entry.groups) or "-"
    return (
        entry.name,
        entry.fingerprint,
        groups,
        _moment(entry.created) or "-",
        _moment(entry.expires) or "-",
        entry.over(now) or "valid",
    )


def _to_json(entry: TokenEntry, now: int) -> dict[str, object]:
    return {
        "name": entry.name,
        "fingerprint": entry.fingerprint,
        "groups": list(entry.groups),
        "created": _moment(entry.created),
        "expires": _moment(entry.expires),
        "revoked": _moment(entry.revoked),
        "valid": not entry.over(now),
    }


def _moment(moment: int | None) -> str | None:
    return None if moment is None else moment_text(moment)


def _told(entry: TokenEntry) -> str:
    groups = f", in {', '.join(entry.groups)}" if entry.groups else ""
    ends = f", until {moment_text(entry.expires)}" if entry.expires is not None else ""
    return f"token {entry.name} ({entry.fingerprint}){groups}{ends}"


def _pruned(entries: tuple[TokenEntry, ...], now: int) -> tuple[TokenEntry, ...]:
    """Return the entries without those that are over since long."""
    return tuple(entry for entry in entries if not _is_long_over(entry, now))


def _is_long_over(entry: TokenEntry, now: int) -> bool:
    ends = [moment for moment in (entry.revoked, entry.expires) if moment is not None]
    return bool(ends) and min(ends) + KEPT <= now


def _checked(where: str, text: str) -> str:
    try:
        return checked_name(text)
    except ValueError as error:
        raise ConfigError(where, str(error)) from None


def _span(text: str) -> int:
    spelled = re.fullmatch("([0-9]{1,9})([mhdw])", text, re.ASCII)
    span = int(spelled[1]) * _SPANS[spelled[2]] if spelled else 0
    if not 0 < span <= LONGEST:
        right = "must be a span such as 12h, 90d or 52w, of a hundred years at most"
        raise ConfigError("--expires", f"{right}, not {values.shown(text)}")
    return span
