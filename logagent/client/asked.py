"""The questions: the keywords of each, named and meant as the parameters of the API, and how they are spelled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict
from urllib.parse import urlencode

from logagent.core.hits.steps import spelled_step
from logagent.core.query import BadParameter
from logagent.core.times import moments
from logagent.core.units import SECOND
from logagent.core.wire.parameter_values import to_bytes

Names = str | Iterable[str]
"""One name or glob, or several."""
Literals = str | bytes | Iterable[str | bytes]
"""One text, or several; bytes need not be UTF-8."""
Moment = datetime | timedelta | int | float | str
"""A time with a zone, a span back from now, seconds since the epoch, or a text that the API takes, such as `15m`."""
Span = timedelta | int | float | str
"""A span, seconds, or a text that the API takes, such as `500ms`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Pairs = list[tuple[str, bytes]]
"""Parameters as they are sent: a name, and one of its values."""


class SelectionKeywords(TypedDict, total=False):
    """Which lines are meant; the meaning of each keyword is that of the API's parameter of the same name."""

    hostname: Names
    keyword: Literals
    any: bool
    exclude: Literals
    regex: Literals
    exclude_regex: Literals
    ignore_case: bool
    since: Moment | None
    until: Moment | None
    unit: Literal["line", "event"]
    rotated: bool
    timeout: Span | None


class LogsKeywords(SelectionKeywords, total=False):
    """What may be asked of lines."""

    n: int | None
    n_per_file: int | None
    order: Literal["newest", "oldest"]
    context: int
    before_context: int
    after_context: int
    cursor: str | None
    max_bytes: int | None
    whole: bool
    cursors: bool
    labels: bool


class HitsKeywords(SelectionKeywords, total=False):
    """What may be asked of counts."""

    step: Span | None
    by: str | None
    n_per_file: int | None


class FollowKeywords(TypedDict, total=False):
    """What may be asked of lines as they are written."""

    hostname: Names
    keyword: Literals
    any: bool
    exclude: Literals
    regex: Literals
    exclude_regex: Literals
    ignore_case: bool
    since: Moment | None
    unit: Literal["line", "event"]
    rotated: bool
    timeout: Span | None
    n: int | None
    n_per_file: int | None
    context: int
    before_context: int
    after_context: int
    cursor: str | None
    max_bytes: int | None
    whole: bool
    labels: bool
    patience: Span | None
    heartbeat: Span | None


class FilesKeywords(TypedDict, total=False):
    """What may be asked of the list of files."""

    hostname: Names
    rotated: bool
    timeout: Span | None


def pairs_of(filename: Names, given: Mapping[str, object], known: Collection[str]) -> Pairs:
    """Spell the keywords of a question; one that is None is left out.

    Args:
        filename: names or globs; none: the parameter is left out.
        given: the other keywords.
        known: their names.

    Raises:
        TypeError: for a keyword that is not known, or a value of a kind that it does not take.
        BadParameter: for a value that cannot be spelled; what it means is judged by the agent.
    """
    if unknown := sorted(given.keys() - set(known)):
        raise TypeError(f"unexpected keyword {unknown[0]!r}; known are {', '.join(sorted(known))}")
    names = _texts("filename", filename)
    pairs = [("filename", name) for name in names]
    if any(name.startswith(b"/") for name in names):
        pairs.append(("paths", b"true"))  # an agent that is too old to find them says so then
    for name, value in given.items():
        if value is not None:
            pairs += [(name, spelled) for spelled in _SPELLERS[name](name, value)]
    return pairs


def query_string(pairs: Pairs) -> str:
    """Return parameters as they stand in a query string or in a form."""
    return urlencode(pairs)


def _texts(name: str, value: object) -> list[bytes]:
    values = [value] if isinstance(value, str | bytes) else value
    if not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a text, or several")
    return [_text(name, each) for each in values]


def _text(name: str, value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, not {value!r}")
    try:
        return to_bytes(value)
    except UnicodeEncodeError:
        raise BadParameter(name, "is no text: it holds a half of a character") from None


def _flag(name: str, value: object) -> list[bytes]:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return [b"true" if value else b"false"]


def _number(name: str, value: object) -> list[bytes]:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    return [str(value).encode()]


def _moment(name: str, value: object) -> list[bytes]:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadParameter(name, f"{value} has no zone: give it one, such as tzinfo=datetime.UTC")
        return [moments.spelled(_nanoseconds(value - _EPOCH)).encode()]
    if isinstance(value, timedelta):
        return [f"{_seconds(name, value)}s".encode()]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [moments.spelled(round(value * SECOND)).encode()]
    return [_text(name, value)]


def _span(name: str, value: object) -> list[bytes]:
    if isinstance(value, timedelta):
        return [_seconds(name, value).encode()]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [_seconds(name, timedelta(seconds=value)).encode()]
    return [_text(name, value)]


def _step(name: str, value: object) -> list[bytes]:
    span = timedelta(seconds=value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(span, timedelta):
        return [_text(name, span)]
    if span <= timedelta(0) or span % timedelta(milliseconds=1):
        raise BadParameter(name, f"must be a span of whole milliseconds, not {value}")
    return [spelled_step(_nanoseconds(span)).encode()]


def _seconds(name: str, span: timedelta) -> str:
    """Spell a span in seconds, without an exponent."""
    if span < timedelta(0):
        raise BadParameter(name, f"must be a span from 0, not {span}")
    microseconds = span // timedelta(microseconds=1)
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"


def _nanoseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1) * 1000


_SPELLERS: dict[str, Callable[[str, object], list[bytes]]] = {
    **dict.fromkeys(("hostname", "keyword", "exclude", "regex", "exclude_regex"), _texts),
    **dict.fromkeys(("order", "unit", "cursor", "by"), lambda name, value: [_text(name, value)]),
    **dict.fromkeys(("any", "ignore_case", "rotated", "whole", "cursors", "labels"), _flag),
    **dict.fromkeys(("n", "n_per_file", "context", "before_context", "after_context", "max_bytes"), _number),
    **dict.fromkeys(("since", "until"), _moment),
    **dict.fromkeys(("timeout", "patience", "heartbeat"), _span),
    "step": _step,
}
