"""The parameters of a query, as a URL's query string spells them: to a query and back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from logagent.core.cursor import MAX_ASKED, continued, encode
from logagent.core.hits.steps import sensible_step, spelled_step
from logagent.core.matching.expressions import MAX_POSITIONS, BadPattern, read, too_large
from logagent.core.query import BadParameter, Order, Query, Unit
from logagent.core.times import moments
from logagent.core.units import UNITS

MAX_REPEATS = 64
"""How often one parameter may be repeated: more is a mistake or an attack, each costs time for every line."""
MAX_VALUE = 4096
"""Bytes of one value: longer than any path or keyword that a person or a program would sensibly send."""
MAX_QUERY_STRING = 64 * 1024
"""Bytes of the whole query string, before it is decoded."""
LEAST_SECONDS, MOST_SECONDS = 0.001, 1e9
"""A timeout, from here to below there: less could not even be refused in time, more is thirty years. Between them the
shortest exact spelling of a number has no exponent, which `parse` does not read."""
MOST_STEP = 36_500 * UNITS["d"]
"""Nanoseconds of a bucket of `/hits` at most: a century."""
MAX_CONTEXT = 1000
"""Lines of context on either side: screens full, and bearable in memory."""
MAX_EARLIER = 100_000
"""Lines that a follow may begin with: they are found from the newest to the oldest, and held to be turned round."""
MOST_PATIENCE = 10.0
"""Seconds that a followed line may be held back: beyond that nobody would call it live."""
LEAST_HEARTBEAT, MOST_HEARTBEAT = 1.0, 300.0
"""Seconds between signs of life: oftener costs more than it tells, rarer leaves a dead host unnoticed for too long."""


def parse(query_string: bytes, now: int) -> Query:
    """The query that the query string of a URL of `/logs` asks for.

    Values are UTF-8, percent-encoded; bytes that are not UTF-8 stand for themselves. now: nanoseconds since the epoch,
    for spans back from it. Raises `BadParameter`.
    """
    return _parse(query_string, now, _READERS)


def parse_hits(query_string: bytes, now: int) -> Query:
    """The same for a URL of `/hits`. A range that has a beginning gives a step, where none is asked for."""
    query = _parse(query_string, now, _HITS_READERS)
    step = query.form.step
    if step is None and query.range.since is not None:
        step = sensible_step(max(0, (now if query.range.until is None else query.range.until) - query.range.since))
    return replace(query, form=replace(query.form, hits=True, step=step, times=True, places=True))


def _parse(query_string: bytes, now: int, readers: Mapping[str, tuple[tuple[str, ...], _Reader]]) -> Query:
    values = _values(query_string)
    unknown = sorted(values.keys() - readers.keys())
    if unknown:
        raise BadParameter(unknown[0], f"unknown parameter; known are {', '.join(readers)}")
    read: dict[str, Any] = {}
    for name, (fields, reader) in readers.items():
        if name in values:
            value = reader(name, values[name], now)
            read |= dict.fromkeys(fields, value)
    if "files" not in read:
        raise BadParameter("filename", "is required: a path below the served roots, or a glob such as nginx/*.log")
    cursor = read.pop("cursor", None)
    query = _followed(read) if read.get("follow") else _ended(read)
    if query.range.since is not None and query.range.until is not None and query.range.since >= query.range.until:
        raise BadParameter("until", "must be after since")
    return query if cursor is None else continued(query, cursor)


def _ended(read: dict[str, Any]) -> Query:
    """The query of an answer that comes to an end."""
    of_follow = sorted(read.keys() & _OF_FOLLOW)
    if of_follow:
        raise BadParameter(of_follow[0], "goes with follow=true only")
    if read.get("n") == 0:
        raise BadParameter("n", "must be a whole number from 1; with follow=true from 0")
    return Query.of(**read)


def _followed(read: dict[str, Any]) -> Query:
    if read.pop("order", Order.OLDEST) is Order.NEWEST:
        raise BadParameter("order", "a follow goes from older to newer lines; leave order out")
    if "until" in read:
        raise BadParameter("until", "a follow has no end in time; leave until out, or leave out follow")
    if (read.get("n") or 0) > MAX_EARLIER:
        raise BadParameter("n", f"a follow begins with {MAX_EARLIER} earlier lines at most; since has no such limit")
    return Query.of(order=Order.OLDEST, **read)


def parameters(query: Query) -> str:
    """The query string that `parse`, or `parse_hits`, reads as `query`, as far as it is a client's to say."""
    pairs: list[tuple[str, str | bytes]] = [("filename", _wire(name)) for name in query.files]
    pairs += [("hostname", _wire(name)) for name in query.hosts]
    pairs += [("keyword", keyword) for keyword in query.match.keywords]
    pairs += [("exclude", keyword) for keyword in query.match.exclude]
    pairs += [("regex", expression) for expression in query.match.regex]
    pairs += [("exclude_regex", expression) for expression in query.match.exclude_regex]
    flags = [
        ("ignore_case", query.match.ignore_case),
        ("prefix", query.form.prefix),
        ("whole", query.form.whole),
        ("follow", query.follow is not None),
        ("cursors", query.form.cursors),
    ]
    pairs += [(name, "true") for name, is_set in flags if is_set]
    pairs += [("rotated", "false")] if not query.rotated else []
    limits = [("n", query.limits.n), ("max_bytes", query.limits.max_bytes)]
    pairs += [(name, str(limit)) for name, limit in limits if limit is not None]
    if query.form.order is not Order.NEWEST and not query.follow:
        pairs.append(("order", query.form.order))
    if query.form.unit is not Unit.LINE:
        pairs.append(("unit", query.form.unit))
    contexts = [("before_context", query.match.before), ("after_context", query.match.after)]
    pairs += [(name, str(lines)) for name, lines in contexts if lines]
    bounds = [("since", query.range.since), ("until", query.range.until)]
    pairs += [(name, moments.spelled(moment)) for name, moment in bounds if moment is not None]
    if query.positions:
        pairs.append(("cursor", encode(query, query.positions, MAX_ASKED)))
    if query.form.step is not None:
        pairs.append(("step", spelled_step(query.form.step)))
    if query.limits.timeout is not None:
        pairs.append(("timeout", repr(query.limits.timeout)))
    if query.follow is not None:
        pairs += [("patience", repr(query.follow.patience)), ("heartbeat", repr(query.follow.heartbeat))]
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
        if len(_wire(value)) > (most := MAX_ASKED if name == "cursor" else MAX_VALUE):
            raise BadParameter(name, f"is longer than {most} bytes")
    return values


def _once(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise BadParameter(name, "may be given once only")
    return values[0]


def _names(name: str, values: list[str], _now: int) -> tuple[str, ...]:
    if len(values) > MAX_REPEATS:
        raise BadParameter(name, f"may be given {MAX_REPEATS} times at most")
    if not all(values):
        raise BadParameter(name, "is empty; give a name or a glob, or leave it out")
    return tuple(values)


def _literals(name: str, values: list[str], _now: int) -> tuple[bytes, ...]:
    literals = tuple(_wire(value) for value in values)
    if len(literals) > MAX_REPEATS:
        raise BadParameter(name, f"may be given {MAX_REPEATS} times at most")
    if not all(literals):
        raise BadParameter(name, "is empty; give a literal to look for, or leave it out")
    if any(b"\n" in literal for literal in literals):
        raise BadParameter(name, "holds a line break; a match never crosses a line")
    return literals


def _expressions(name: str, values: list[str], _now: int) -> tuple[bytes, ...]:
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


def _flag(name: str, values: list[str], _now: int) -> bool:
    flag = _FLAGS.get(_once(name, values).lower())
    if flag is None:
        raise BadParameter(name, "must be true or false")
    return flag


def _order(name: str, values: list[str], _now: int) -> Order:
    value = _once(name, values)
    try:
        return Order(value)
    except ValueError:
        raise BadParameter(name, "must be newest or oldest") from None


def _unit(name: str, values: list[str], _now: int) -> Unit:
    value = _once(name, values)
    try:
        return Unit(value)
    except ValueError:
        raise BadParameter(name, "must be line or event") from None


def _moment(name: str, values: list[str], now: int) -> int:
    moment = moments.read(_once(name, values), now)
    if moment is None:
        raise BadParameter(name, f"must be {moments.SPELLINGS}")
    return moment


def _context(name: str, values: list[str], _now: int) -> int:
    value = _once(name, values)
    if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or int(value) > MAX_CONTEXT:
        raise BadParameter(name, f"must be a number of lines from 0 to {MAX_CONTEXT}")
    return int(value)


def _cursor(name: str, values: list[str], _now: int) -> str:
    return _once(name, values)


def _whole_number(name: str, values: list[str], _now: int) -> int:
    value = _once(name, values)
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise BadParameter(name, "must be a whole number from 1")
    return int(value)


def _positive(name: str, values: list[str], _now: int) -> int:
    value = _once(name, values)
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) or int(value) == 0:
        raise BadParameter(name, "must be a whole number from 1")
    return int(value)


def _patience(name: str, values: list[str], _now: int) -> float:
    seconds = _span(name, values)
    if not 0 <= seconds <= MOST_PATIENCE:
        raise BadParameter(name, f"must be a span such as 200ms or 1s, from 0 to {MOST_PATIENCE:g} seconds")
    return round(seconds, 3)


def _heartbeat(name: str, values: list[str], _now: int) -> float:
    seconds = _span(name, values)
    if not LEAST_HEARTBEAT <= seconds <= MOST_HEARTBEAT:
        raise BadParameter(name, f"must be a span such as 15s, from {LEAST_HEARTBEAT:g} to {MOST_HEARTBEAT:g} seconds")
    return round(seconds, 3)


def _span(name: str, values: list[str]) -> float:
    """Seconds; not a number where nothing like it is spelled."""
    spelled = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,20})?)(ms|s|m|h)?", _once(name, values), re.ASCII)
    return float(spelled[1]) * _SECONDS[spelled[2] or "s"] if spelled else math.nan


def _seconds(name: str, values: list[str], _now: int) -> float:
    seconds = _span(name, values)
    if not LEAST_SECONDS <= seconds < MOST_SECONDS:
        raise BadParameter(name, f"must be a number of seconds from {LEAST_SECONDS}, or a span such as 500ms, 30s, 2m")
    return seconds


def _step(name: str, values: list[str], _now: int) -> int:
    spelled = re.fullmatch(r"([0-9]{1,9})(ms|[smhdw])", _once(name, values), re.ASCII)
    step = int(spelled[1]) * UNITS[spelled[2]] if spelled else 0
    if not 0 < step <= MOST_STEP:
        raise BadParameter(name, f"must be a span such as 10s, 5m, 1h, 1d, from 1ms to {spelled_step(MOST_STEP)}")
    return step


_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_Reader = Callable[[str, list[str], int], object]
_READERS: dict[str, tuple[tuple[str, ...], _Reader]] = {
    "filename": (("files",), _names),
    "hostname": (("hosts",), _names),
    "keyword": (("keywords",), _literals),
    "exclude": (("exclude",), _literals),
    "regex": (("regex",), _expressions),
    "exclude_regex": (("exclude_regex",), _expressions),
    "ignore_case": (("ignore_case",), _flag),
    "n": (("n",), _whole_number),
    "since": (("since",), _moment),
    "until": (("until",), _moment),
    "order": (("order",), _order),
    "unit": (("unit",), _unit),
    "context": (("before", "after"), _context),
    "before_context": (("before",), _context),
    "after_context": (("after",), _context),
    "rotated": (("rotated",), _flag),
    "cursor": (("cursor",), _cursor),
    "prefix": (("prefix",), _flag),
    "timeout": (("timeout",), _seconds),
    "max_bytes": (("max_bytes",), _positive),
    "whole": (("whole",), _flag),
    "follow": (("follow",), _flag),
    "patience": (("patience",), _patience),
    "heartbeat": (("heartbeat",), _heartbeat),
    "cursors": (("cursors",), _flag),
}
_OF_FOLLOW = {"patience", "heartbeat"}
_NOT_OF_HITS = {"n", "order", "context", "before_context", "after_context", "cursor", "prefix", "max_bytes"}
_NOT_OF_HITS |= {"whole", "follow", "cursors", *_OF_FOLLOW}
"""What says how lines are sent, of which there are none. (How many bytes long they are no count tells.)"""
_HITS_READERS = {name: reader for name, reader in _READERS.items() if name not in _NOT_OF_HITS} | {
    "step": (("step",), _step)
}
PARAMETERS = tuple(_READERS)
HITS_PARAMETERS = tuple(_HITS_READERS)
"""The names that a query string may hold."""
