"""The parameters of a query in a URL's query string: their names, and encoder beside decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from logagent.core.cursor import MAX_ASKED, continued, encode
from logagent.core.hits.steps import sensible_step, spelled_step
from logagent.core.matching.expressions import MAX_POSITIONS
from logagent.core.query import MAX_EARLIER, BadParameter, Order, Query, Unit
from logagent.core.times import moments
from logagent.core.wire import parameter_values as values
from logagent.core.wire.parameter_table import HITS, HOSTS, LOGS, PATHS, TABLE, Parameter

SHOWN_NAME = 100
"""Characters that are repeated of an unknown parameter's name: more than any name has."""
MAX_QUERY_STRING = 64 * 1024
"""Bytes of the whole query string, before it is decoded."""
MAX_FORM = 1024 * 1024
"""Bytes of the parameters in a body: tens of thousands of words."""

_Table = Mapping[str, Parameter]
_READERS: _Table = {row.name: row for row in TABLE if LOGS in row.of}
_HITS_READERS: _Table = {row.name: row for row in TABLE if HITS in row.of}
_HOSTS_READERS: _Table = {row.name: row for row in TABLE if HOSTS in row.of}
_OF_FOLLOW = {row.name for row in TABLE if row.of_follow}
PARAMETERS = tuple(_READERS)
"""The names that a query string of `/logs` may hold."""
HITS_PARAMETERS = tuple(_HITS_READERS)
"""The names that a query string of `/hits` may hold."""


def parse(query_string: bytes, now: int, form: bytes = b"") -> Query:
    """Read the parameters of a request to `/logs`.

    Args:
        query_string: of the URL. Values are UTF-8, percent-encoded; other bytes are kept as surrogate escapes.
        now: nanoseconds since the epoch, for spans back from it.
        form: further parameters, those of the body, likewise.

    Raises:
        BadParameter: when a parameter is unknown, or cannot be used.
    """
    return _parse(query_string, form, now, _READERS)


def parse_hits(query_string: bytes, now: int, form: bytes = b"") -> Query:
    """Read the parameters of a request to `/hits`.

    If no step is asked for, and the range of time has a beginning, a sensible step is chosen.

    Args:
        query_string: as for `parse`.
        now: nanoseconds since the epoch, for spans back from it.
        form: as for `parse`.

    Raises:
        BadParameter: when a parameter is unknown, or cannot be used.
    """
    query = _parse(query_string, form, now, _HITS_READERS)
    step = query.form.step
    if query.form.by_file and step is not None:
        raise BadParameter("step", "goes with counts by time; leave step out, or by")
    if query.limits.n_per_file is not None and (not query.form.by_file or query.form.by_label):
        raise BadParameter("n_per_file", "goes with by=file; other counts are of all lines")
    if step is None and query.range.since is not None and not query.form.by_file:
        step = sensible_step(max(0, (now if query.range.until is None else query.range.until) - query.range.since))
    return replace(query, form=replace(query.form, hits=True, step=step, times=True, places=True))


def parse_hosts(query_string: bytes) -> tuple[str, ...]:
    """Read the parameters of a request to `/hosts`: which hosts are meant, as in a query; none: all.

    Raises:
        BadParameter: when a parameter is unknown, or cannot be used.
    """
    given = _given(query_string, b"")
    _refuse_unknown(given, _HOSTS_READERS)
    return values.hosts("hostname", given["hostname"], 0) if given else ()


def _refuse_unknown(given: Mapping[str, object], table: _Table) -> None:
    unknown = sorted(given.keys() - table.keys())
    if unknown:
        raise BadParameter(_shown(unknown[0]), f"unknown parameter; known are {', '.join(table)}")


def _shown(name: str) -> str:
    """Return what an answer repeats of an unknown name, which may be as long as a form."""
    return name if len(name) <= SHOWN_NAME else f"{name[:SHOWN_NAME]}..."


def _parse(query_string: bytes, form: bytes, now: int, table: _Table) -> Query:
    given = _given(query_string, form)
    _refuse_unknown(given, table)
    read: dict[str, Any] = {}
    for name, row in table.items():
        if name in given:
            read |= dict.fromkeys(row.fields, row.kind.read(name, given[name], now))
    if "files" not in read:
        raise BadParameter("filename", "is required: a path below the served roots, or a glob such as nginx/*.log")
    _settle_any(read)
    _settle_by(read)
    cursor = read.pop("cursor", None)
    query = _followed(read) if read.get("follow") else _ended(read)
    if query.range.since is not None and query.range.until is not None and query.range.since >= query.range.until:
        raise BadParameter("until", "must be after since")
    return query if cursor is None else continued(query, cursor)


def _settle_any(read: dict[str, Any]) -> None:
    """Allow many patterns where one is enough, and leave `any` out where there is only one: older agents lack it."""
    if read.get("any"):
        read["any"] = len(read.get("keywords", ())) + len(read.get("regex", ())) > 1
        return
    for name, field in (("keyword", "keywords"), ("regex", "regex")):
        if len(read.get(field, ())) > values.MAX_REPEATS:
            most = f"may be given {values.MAX_REPEATS} times at most"
            raise BadParameter(name, f"{most}; with any=true, where one of them is enough, {values.MAX_MANY} times")
    values.check_size("regex", read.get("regex", ()), MAX_POSITIONS)


def _settle_by(read: dict[str, Any]) -> None:
    """Count by log, of which counts by a label are made."""
    by = read.pop("by", None)
    if by is not None:
        read |= {"by_file": True, "by_label": by or None}


def _ended(read: dict[str, Any]) -> Query:
    """Make the query of an answer that ends from its fields."""
    of_follow = sorted(read.keys() & _OF_FOLLOW)
    if of_follow:
        raise BadParameter(of_follow[0], "goes with follow=true only")
    if read.get("n") == 0:
        raise BadParameter("n", "must be a whole number from 1, not 0; with follow=true from 0")
    return Query.of(**read)


def _followed(read: dict[str, Any]) -> Query:
    """Make the query of a follow from its fields."""
    if read.pop("order", Order.OLDEST) is Order.NEWEST:
        raise BadParameter("order", "a follow goes from older to newer lines; leave order out")
    if "until" in read:
        raise BadParameter("until", "a follow has no end in time; leave until out, or leave out follow")
    for name in ("n", "n_per_file"):
        if (read.get(name) or 0) > MAX_EARLIER:
            most = f"a follow begins with {MAX_EARLIER} earlier lines at most"
            raise BadParameter(name, f"{most}; since has no such limit")
    return Query.of(order=Order.OLDEST, **read)


def to_query_string(query: Query) -> str:
    """Return the query string that `parse`, or `parse_hits`, reads as a query.

    It holds the fields that a client may set; other fields are sent in headers.
    """
    return urlencode([*_names_and_patterns(query), *_flags(query), *_single_values(query)])


def _names_and_patterns(query: Query) -> list[tuple[str, bytes]]:
    pairs = [("filename", values.to_bytes(name)) for name in query.files]
    pairs += [("hostname", values.to_bytes(name)) for name in query.hosts]
    pairs += [("keyword", keyword) for keyword in query.match.keywords]
    pairs += [("exclude", keyword) for keyword in query.match.exclude]
    pairs += [("regex", expression) for expression in query.match.regex]
    pairs += [("exclude_regex", expression) for expression in query.match.exclude_regex]
    return pairs


def _flags(query: Query) -> list[tuple[str, str]]:
    flags = [
        ("any", query.match.any),
        ("ignore_case", query.match.ignore_case),
        ("prefix", query.form.prefix),
        ("whole", query.form.whole),
        ("follow", query.follow is not None),
        ("cursors", query.form.cursors),
        ("labels", query.form.labels),
    ]
    pairs = [(name, "true") for name, is_set in flags if is_set]
    if any(name.startswith("/") for name in query.files):
        pairs.append((PATHS, "true"))
    return pairs if query.rotated else [*pairs, ("rotated", "false")]


def _single_values(query: Query) -> list[tuple[str, str]]:
    given = query.limits
    limits = [("n", given.n), ("n_per_file", given.n_per_file), ("max_bytes", given.max_bytes)]
    pairs = [(name, str(limit)) for name, limit in limits if limit is not None]
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
    if query.form.by_file:
        pairs.append(("by", f"label:{query.form.by_label}" if query.form.by_label else "file"))
    if query.limits.timeout is not None:
        pairs.append(("timeout", repr(query.limits.timeout)))
    if query.follow is not None:
        pairs += [("patience", repr(query.follow.patience)), ("heartbeat", repr(query.follow.heartbeat))]
    return pairs


def _given(query_string: bytes, form: bytes) -> dict[str, list[str]]:
    """Return the values of each parameter in a query string and in a form; one that stands in both has them all."""
    if len(query_string) > MAX_QUERY_STRING:
        raise BadParameter("query", f"the query string is longer than {MAX_QUERY_STRING} bytes; POST takes more")
    if len(form) > MAX_FORM:
        raise BadParameter("form", f"the parameters are longer than {MAX_FORM} bytes; give fewer or shorter patterns")
    given: dict[str, list[str]] = {}
    text = b"&".join(filter(None, (query_string, form))).decode("utf-8", "surrogateescape")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        read = values.to_bytes(value)
        if len(read) > (most := MAX_ASKED if name == "cursor" else values.MAX_VALUE):
            raise BadParameter(name, f"is longer than {most} bytes")
        # Decoded anew: a letter may come partly as bytes that are not encoded, and must mean what the next agent reads.
        given.setdefault(name, []).append(read.decode("utf-8", "surrogateescape"))
    return given
