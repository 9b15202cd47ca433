"""The query: what is asked, checked once at the edge and then passed down unchanged in meaning."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from logagent.core.batch import Out
from logagent.core.expressions import MAX_POSITIONS, BadPattern, read, too_large
from logagent.core.outcome import Outcome

MAX_REPEATS = 64
"""How often one parameter may be repeated: more is a mistake or an attack, each costs time for every line."""
MAX_VALUE = 4096
"""Bytes of one value: longer than any path or keyword that a person or a program would sensibly send."""
MAX_QUERY_STRING = 64 * 1024
"""Bytes of the whole query string, before it is decoded."""
LEAST_SECONDS, MOST_SECONDS = 0.001, 1e9
"""A timeout, from here to below there: less could not even be refused in time, more is thirty years. Between them the
shortest exact spelling of a number has no exponent, which `parse` does not read."""


class Order(enum.StrEnum):
    """The direction of an answer."""

    NEWEST = "newest"
    OLDEST = "oldest"


class BadParameter(ValueError):
    """A parameter that cannot be used: its name, and what would be right."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a source.

    files, hosts: names or globs. keywords: literals that must all occur in a line; exclude: literals of which none may.
    regex: expressions that must all match somewhere in a line; exclude_regex: expressions that must not (the syntax is
    said in `expressions`). ignore_case: for all of these four.
    n, max_bytes: at most so many lines, and bytes of lines. timeout: seconds. prefix: host and file before each line of
    a text. times, places: whether the reader wants these columns of a batch. own: only the files of the agent asked.
    trace: the W3C `traceparent` that the request came with (https://www.w3.org/TR/trace-context/).
    """

    files: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    keywords: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()
    regex: tuple[bytes, ...] = ()
    exclude_regex: tuple[bytes, ...] = ()
    ignore_case: bool = False
    n: int | None = None
    order: Order = Order.NEWEST
    prefix: bool = False
    timeout: float | None = None
    max_bytes: int | None = None
    times: bool = False
    places: bool = False
    own: bool = False
    trace: str | None = None


class Source(Protocol):
    """Everything that yields records."""

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the batches that `query` asks for, in its order, then say how it ended.

        Expected failures come back in the outcome. Cancelling stops the work at once, down to the disk; `out` belongs
        to the caller, who closes it.
        """
        ...


def parse(query_string: bytes) -> Query:
    """The query that a URL's query string asks for.

    Values are UTF-8, percent-encoded; bytes that are not UTF-8 stand for themselves. Raises `BadParameter`.
    """
    values = _values(query_string)
    unknown = sorted(values.keys() - _READERS.keys())
    if unknown:
        raise BadParameter(unknown[0], f"unknown parameter; known are {', '.join(_READERS)}")
    read: dict[str, Any] = {
        field: reader(name, values[name]) for name, (field, reader) in _READERS.items() if name in values
    }
    if "files" not in read:
        raise BadParameter("filename", "is required: a path below the served roots, or a glob such as nginx/*.log")
    return Query(**read)


def parameters(query: Query) -> str:
    """The query string that `parse` reads as `query`, as far as it is a client's to say."""
    pairs: list[tuple[str, str | bytes]] = [("filename", _wire(name)) for name in query.files]
    pairs += [("hostname", _wire(name)) for name in query.hosts]
    pairs += [("keyword", keyword) for keyword in query.keywords]
    pairs += [("exclude", keyword) for keyword in query.exclude]
    pairs += [("regex", expression) for expression in query.regex]
    pairs += [("exclude_regex", expression) for expression in query.exclude_regex]
    pairs += [(name, "true") for name in ("ignore_case", "prefix") if getattr(query, name)]
    pairs += [(name, str(getattr(query, name))) for name in ("n", "max_bytes") if getattr(query, name) is not None]
    if query.order is not Order.NEWEST:
        pairs.append(("order", query.order))
    if query.timeout is not None:
        pairs.append(("timeout", repr(query.timeout)))
    return urlencode(pairs)


def _wire(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _values(query_string: bytes) -> dict[str, list[str]]:
    if len(query_string) > MAX_QUERY_STRING:
        raise BadParameter("query", f"the query string is longer than {MAX_QUERY_STRING} bytes")
    values: dict[str, list[str]] = {}
    text = query_string.decode("utf-8", "surrogateescape")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        values.setdefault(name, []).append(value)
        if len(_wire(value)) > MAX_VALUE:
            raise BadParameter(name, f"is longer than {MAX_VALUE} bytes")
    return values


def _once(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise BadParameter(name, "may be given once only")
    return values[0]


def _names(name: str, values: list[str]) -> tuple[str, ...]:
    if len(values) > MAX_REPEATS:
        raise BadParameter(name, f"may be given {MAX_REPEATS} times at most")
    if not all(values):
        raise BadParameter(name, "is empty; give a name or a glob, or leave it out")
    return tuple(values)


def _literals(name: str, values: list[str]) -> tuple[bytes, ...]:
    literals = tuple(_wire(value) for value in values)
    if len(literals) > MAX_REPEATS:
        raise BadParameter(name, f"may be given {MAX_REPEATS} times at most")
    if not all(literals):
        raise BadParameter(name, "is empty; give a literal to look for, or leave it out")
    if any(b"\n" in literal for literal in literals):
        raise BadParameter(name, "holds a line break; a match never crosses a line")
    return literals


def _expressions(name: str, values: list[str]) -> tuple[bytes, ...]:
    """As far as can be told without compiling: `matching.check` tells the rest."""
    expressions = tuple(_wire(value) for value in values)
    if len(expressions) > MAX_REPEATS:
        raise BadParameter(name, f"may be given {MAX_REPEATS} times at most")
    if not all(expressions):
        raise BadParameter(name, "is empty; give a regular expression, or leave it out")
    try:
        if sum(read(expression).positions for expression in expressions) > MAX_POSITIONS:
            raise too_large()
    except BadPattern as error:
        raise BadParameter(name, str(error)) from None
    return expressions


def _flag(name: str, values: list[str]) -> bool:
    flag = _FLAGS.get(_once(name, values).lower())
    if flag is None:
        raise BadParameter(name, "must be true or false")
    return flag


def _order(name: str, values: list[str]) -> Order:
    value = _once(name, values)
    try:
        return Order(value)
    except ValueError:
        raise BadParameter(name, "must be newest or oldest") from None


def _positive(name: str, values: list[str]) -> int:
    value = _once(name, values)
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) or int(value) == 0:
        raise BadParameter(name, "must be a whole number from 1")
    return int(value)


def _seconds(name: str, values: list[str]) -> float:
    spelled = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,20})?)(ms|s|m|h)?", _once(name, values), re.ASCII)
    seconds = float(spelled[1]) * _UNITS[spelled[2] or "s"] if spelled else math.nan
    if not LEAST_SECONDS <= seconds < MOST_SECONDS:
        raise BadParameter(name, f"must be a number of seconds from {LEAST_SECONDS}, or a span such as 500ms, 30s, 2m")
    return seconds


_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_Reader = Callable[[str, list[str]], object]
_READERS: dict[str, tuple[str, _Reader]] = {
    "filename": ("files", _names),
    "hostname": ("hosts", _names),
    "keyword": ("keywords", _literals),
    "exclude": ("exclude", _literals),
    "regex": ("regex", _expressions),
    "exclude_regex": ("exclude_regex", _expressions),
    "ignore_case": ("ignore_case", _flag),
    "n": ("n", _positive),
    "order": ("order", _order),
    "prefix": ("prefix", _flag),
    "timeout": ("timeout", _seconds),
    "max_bytes": ("max_bytes", _positive),
}
PARAMETERS = tuple(_READERS)
"""The names that a query string may hold."""
