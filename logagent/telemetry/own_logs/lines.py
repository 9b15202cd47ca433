"""Lines of the agent's own log: as JSON for files and programs, in words for people.

A library (python-json-logger, structlog) would bring fields that this does not need, and neither bounds a line nor
escapes what `json` leaves as it is: C1 controls, line separators of Unicode, and halves of surrogate pairs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from logagent.telemetry.own_logs.told import Told

LONGEST_LINE = 32 * 1024
"""Characters of a line at most, its line break not counted: the longest tracebacks, and the usual limit of what reads
JSON lines."""
LONGEST_CUT = 1024
"""Characters that are kept of each long text in a line that would be longer."""

LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
"""The names of levels."""

Form = Callable[[Told], str]
"""Makes a line of what was told, without a line break at its end or in it."""

_OWN = frozenset({"time", "level", "logger", "message", "host"})
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BARE = re.compile(r"[^\s\"=\\]+")


def _in_words(value: object) -> str:
    """Return what JSON does not know as a text, whatever it is."""
    try:
        return str(value)
    except Exception:  # A line that cannot be made would be lost with all that are written together with it.
        return f"a {type(value).__name__} that has no words"


def _dumps() -> Callable[[Any], str]:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_in_words).encode


_encode = _dumps()


def time_of(time_ns: int) -> str:
    """Return an instant as RFC 3339 has it, in UTC and to the microsecond."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1000:06d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def level_name(level: int) -> str:
    """Return the name of a level; of one between two, that of the lower."""
    return LEVELS.get(level) or LEVELS[min(50, max(10, level // 10 * 10))]


def members_of(told: Told, host: str) -> dict[str, Any]:
    """Return all members of a line, in their order; a field that would take another's place has an underscore more."""
    own = {
        "time": time_of(told.time_ns),
        "level": level_name(told.level),
        "logger": told.logger,
        "message": told.message,
        "host": host,
    }
    if own.keys().isdisjoint(told.fields):
        return own | dict(told.fields)
    return own | {f"{name}_" if name in own else name: value for name, value in told.fields.items()}


def json_lines(host: str, longest: int = LONGEST_LINE) -> Form:
    """Return what makes lines of JSON.

    Args:
        host: the agent's name.
        longest: characters of a line at most.
    """
    named = _encode(host)

    def line(told: Told) -> str:
        text = _quickly(told, named)
        if text is not None and len(text) <= longest:
            return text
        members = members_of(told, host)
        text = _object(members)
        return text if len(text) <= longest else _object(_shortened(members, longest))

    return line


def _quickly(told: Told, host: str) -> str | None:
    """Return the line of most things that are told, in two thirds of the time; None: it is not like most."""
    if type(told.fields) is not dict or not _OWN.isdisjoint(told.fields):
        return None
    try:
        fields = _encode(told.fields)
    except (ValueError, TypeError, RecursionError):
        return None
    text = (
        f'{{"time":"{time_of(told.time_ns)}","level":"{level_name(told.level)}","logger":{_encode(told.logger)},'
        f'"message":{_encode(told.message)},"host":{host}{"," if told.fields else ""}{fields[1:]}'
    )
    return text if text.isascii() and "\x7f" not in text else _UNSAFE.sub(_escaped, text)


def _object(members: Mapping[str, Any]) -> str:
    try:
        text = _encode(members)
    except (ValueError, TypeError, RecursionError):  # Not a number, a name that is no text, a list within itself.
        text = _encode(
            {str(name): value if isinstance(value, str) else _in_words(value) for name, value in members.items()}
        )
    return text if text.isascii() and "\x7f" not in text else _UNSAFE.sub(_escaped, text)


def _escaped(unsafe: re.Match[str]) -> str:
    return f"\\u{ord(unsafe[0]):04x}"


def _shortened(members: Mapping[str, Any], longest: int) -> dict[str, Any]:
    """Return members that fit into a line: long ones are cut, later ones left out, and the member `cut` names both."""
    kept: dict[str, Any] = {}
    cut, room = [], longest - 2 * LONGEST_CUT
    for name, value in members.items():
        most = max(LONGEST_CUT, room // 2) if name == "error" else LONGEST_CUT
        short = _cut(value, most)
        if _length(name, short) > room:
            short = _cut(value, LONGEST_CUT)
        if short is not value:
            cut.append(name)
        if (length := _length(name, short)) <= room:
            kept[name] = short
            room -= length
        elif short is value:
            cut.append(name)
    return kept | {"cut": ",".join(cut)[:LONGEST_CUT]}


def _cut(value: Any, most: int) -> Any:
    text = text_of(value)
    return value if len(text) <= most else f"{text[:most]}... ({len(text) - most} more characters)"


def _length(name: str, value: Any) -> int:
    return len(_object({name: value}))


def text_of(value: Any) -> str:
    """Return a value as a text: itself if it is one, or as JSON."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return _object({"": value})[len('{"":') : -1]


def logfmt_lines(host: str) -> Form:
    """Return what makes lines of logfmt, for terminals; see `json_lines`."""

    def line(told: Told) -> str:
        members = members_of(told, host)
        text = _pairs(members)
        return text if len(text) <= LONGEST_LINE else _pairs(_shortened(members, LONGEST_LINE))[:LONGEST_LINE]

    return line


def _pairs(members: Mapping[str, Any]) -> str:
    return " ".join(f"{_bare(str(name))}={_value(value)}" for name, value in members.items())


def _bare(name: str) -> str:
    return "".join(map(_printable, "".join(_BARE.findall(name)))) or "_"


def _value(value: object) -> str:
    text = text_of(value)
    if _BARE.fullmatch(text) and text.isprintable():
        return text
    quoted = _encode(text)
    return quoted if quoted.isprintable() else "".join(map(_printable, quoted))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else f"\\u{ord(letter):04x}" if ord(letter) < 1 << 16 else ascii(letter)[1:-1]


def plain_text(told: Told) -> str:
    """Return the message, and the traceback in lines of its own, as `logging` writes to standard error by itself."""
    error = told.fields.get("error")
    return f"{told.message}\n{error}" if error else told.message
