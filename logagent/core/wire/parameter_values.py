"""Readers for the values of parameters, one for each kind of value.

Each reader takes the parameter's name, all its values, and the current time in nanoseconds since the epoch, which only
`moment` uses. It raises `BadParameter` for a value that cannot be used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from logagent.core.escapes import value_shown
from logagent.core.hits.steps import spelled_step
from logagent.core.matching.expressions import MAX_POSITIONS, BadPattern, too_large
from logagent.core.matching.expressions import read as parsed
from logagent.core.query import BadParameter, Order, Unit
from logagent.core.times import moments
from logagent.core.units import UNITS
from logagent.core.wire.host_choice import choice_of
from logagent.core.wire.labels import LABEL_NAME, NAME_RULE

MAX_VALUE = 4096
"""Bytes of one value: longer than any sensible path or keyword."""
MAX_REPEATS = 64
"""Values of one parameter: more are a mistake or an attack, since each costs time for every line."""
MAX_MANY = 10_000
"""Literals or expressions of one parameter that are searched for at once, so that it is enough if one occurs: ten
thousand literals are found as fast as one, and compiled in a fifth of a second."""
MAX_POSITIONS_OF_MANY = 10 * MAX_POSITIONS
"""Positions of expressions that are compiled in parts of `MAX_POSITIONS` each, of which one takes a second at worst."""
LEAST_SECONDS, MOST_SECONDS = 0.001, 1e9
"""Seconds of a timeout: at least the first, less than the second. Below, the time is too short even to refuse the
query; above, it is thirty years. Within the bounds, `repr` spells a number without an exponent, which `seconds` cannot
read."""
MOST_STEP = 36_500 * UNITS["d"]
"""Nanoseconds of a bucket of `/hits` at most: a century."""
MAX_CONTEXT = 1000
"""Records of context on either side: many screens, and still little memory."""
MOST_PATIENCE = 10.0
"""Seconds that a followed line may be held back: beyond that nobody would call it live."""
LEAST_HEARTBEAT, MOST_HEARTBEAT = 1.0, 300.0
"""Seconds between signs of life: more frequent ones only cost traffic; with rarer ones a dead host goes unnoticed for
too long."""

WHOLE_NUMBER = "[0-9]{1,18}"
"""A number of records or bytes, as a pattern; the API's description names it and the next two."""
SPAN = r"([0-9]{1,9}(?:\.[0-9]{1,20})?)(ms|s|m|h)?"
"""A span of time, in seconds where no unit is named."""
STEP = "([0-9]{1,9})(ms|[smhdw])"
"""A span of whole units."""

FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
"""The spellings of true and false, in either case."""
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def to_bytes(text: str) -> bytes:
    """Return the bytes of a value, which need not be UTF-8."""
    return text.encode("utf-8", "surrogateescape")


class BadValue(BadParameter):
    """A value cannot be used; the message repeats it, cut if it is long.

    Args:
        name: of the parameter.
        right: what would be right.
        given: the value.

    Attributes:
        unquoted: the message without the value, which may be a word that was to be searched for.
    """

    def __init__(self, name: str, right: str, given: str) -> None:
        super().__init__(name, f"{right}, not {value_shown(given)}")
        self.unquoted = f"{name}: {right}"


def names(name: str, values: list[str], _now: int) -> tuple[str, ...]:
    """Read names or globs of files or hosts."""
    if len(values) > MAX_REPEATS:
        raise BadParameter(name, f"may be given {MAX_REPEATS} times at most")
    if not all(values):
        raise BadParameter(name, "is empty; give a name or a glob, or leave it out")
    return tuple(values)


def hosts(name: str, values: list[str], now: int) -> tuple[str, ...]:
    """Read names and globs of hosts, and conditions on their labels."""
    read = names(name, values, now)
    try:
        choice_of(read)
    except ValueError as error:
        raise BadParameter(name, str(error)) from None
    return read


def literals(name: str, values: list[str], _now: int) -> tuple[bytes, ...]:
    """Read literals, as bytes."""
    read = tuple(to_bytes(value) for value in values)
    if len(read) > MAX_MANY:
        raise BadParameter(name, f"may be given {MAX_MANY} times at most")
    if not all(read):
        raise BadParameter(name, "is empty; give a literal to look for, or leave it out")
    if any(b"\n" in literal for literal in read):
        raise BadParameter(name, "holds a line break; a match never crosses a line")
    return read


def expressions(name: str, values: list[str], _now: int) -> tuple[bytes, ...]:
    """Read regular expressions, as bytes.

    They are checked as far as possible without compiling them; `matching.check` does the rest.
    """
    given = tuple(to_bytes(value) for value in values)
    if len(given) > MAX_MANY:
        raise BadParameter(name, f"may be given {MAX_MANY} times at most")
    if not all(given):
        raise BadParameter(name, "is empty; give a regular expression, or leave it out")
    check_size(name, given, MAX_POSITIONS_OF_MANY)
    return given


def check_size(name: str, expressions: Iterable[bytes], most: int) -> None:
    """Check that expressions are not too large together, and that each can be read.

    Args:
        name: of the parameter.
        expressions: the expressions.
        most: positions of all of them, see `MAX_POSITIONS`.

    Raises:
        BadParameter: if they are, or one cannot.
    """
    try:
        if sum(parsed(expression).positions for expression in expressions) > most:
            raise too_large(most)
    except BadPattern as error:
        raise BadParameter(name, str(error)) from None


def flag(name: str, values: list[str], _now: int) -> bool:
    """Read true or false."""
    read = FLAGS.get(_once(name, values).lower())
    if read is None:
        raise BadValue(name, "must be true or false", values[0])
    return read


def order(name: str, values: list[str], _now: int) -> Order:
    """Read the order of an answer."""
    value = _once(name, values)
    try:
        return Order(value)
    except ValueError:
        raise BadValue(name, "must be newest or oldest", values[0]) from None


def unit(name: str, values: list[str], _now: int) -> Unit:
    """Read the unit of an answer."""
    value = _once(name, values)
    try:
        return Unit(value)
    except ValueError:
        raise BadValue(name, "must be line or event", values[0]) from None


def moment(name: str, values: list[str], now: int) -> int:
    """Read a time, or a span back from now, as nanoseconds since the epoch."""
    value = _once(name, values)
    read = moments.read(value, now)
    if read is None and moments.read(f"{value}Z", now) is not None and "T" in value.upper():
        offset = "an offset such as %2B01:00, since + in a URL is a blank"
        raise BadParameter(name, f"{value} has no zone: append Z for UTC, or {offset}")
    if read is None:
        raise BadValue(name, f"must be {moments.SPELLINGS}", value)
    return read


def context_lines(name: str, values: list[str], _now: int) -> int:
    """Read a number of records of context."""
    value = _once(name, values)
    if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or int(value) > MAX_CONTEXT:
        raise BadValue(name, f"must be a number of lines from 0 to {MAX_CONTEXT}", value)
    return int(value)


def cursor_text(name: str, values: list[str], _now: int) -> str:
    """Return the text of a cursor; `continued` decodes it once the whole query is known."""
    return _once(name, values)


def whole_number(name: str, values: list[str], _now: int) -> int:
    """Read a whole number; whether 0 is allowed depends on other parameters, and is checked later."""
    value = _once(name, values)
    if not re.fullmatch(WHOLE_NUMBER, value, re.ASCII):
        raise BadValue(name, "must be a whole number from 1", value)
    return int(value)


def positive_number(name: str, values: list[str], _now: int) -> int:
    """Read a whole number from 1."""
    value = _once(name, values)
    if not re.fullmatch(WHOLE_NUMBER, value, re.ASCII) or int(value) == 0:
        raise BadValue(name, "must be a whole number from 1", value)
    return int(value)


def patience(name: str, values: list[str], _now: int) -> float:
    """Read seconds, to the millisecond, that a followed line may wait."""
    read = _span(name, values)
    if not 0 <= read <= MOST_PATIENCE:
        raise BadValue(name, f"must be a span such as 200ms or 1s, from 0 to {MOST_PATIENCE:g} seconds", values[0])
    return round(read, 3)


def heartbeat(name: str, values: list[str], _now: int) -> float:
    """Read seconds, to the millisecond, between signs of life."""
    read = _span(name, values)
    if not LEAST_HEARTBEAT <= read <= MOST_HEARTBEAT:
        raise BadValue(
            name, f"must be a span such as 15s, from {LEAST_HEARTBEAT:g} to {MOST_HEARTBEAT:g} seconds", values[0]
        )
    return round(read, 3)


def seconds(name: str, values: list[str], _now: int) -> float:
    """Read a timeout in seconds."""
    read = _span(name, values)
    if not LEAST_SECONDS <= read < MOST_SECONDS:
        raise BadValue(
            name, f"must be a number of seconds from {LEAST_SECONDS}, or a span such as 500ms, 30s, 2m", values[0]
        )
    return read


def step(name: str, values: list[str], _now: int) -> int:
    """Read the step of hits in nanoseconds."""
    spelled = re.fullmatch(STEP, _once(name, values), re.ASCII)
    read = int(spelled[1]) * UNITS[spelled[2]] if spelled else 0
    if not 0 < read <= MOST_STEP:
        raise BadValue(
            name, f"must be a span such as 10s, 5m, 1h, 1d, from 1ms to {spelled_step(MOST_STEP)}", values[0]
        )
    return read


def by(name: str, values: list[str], _now: int) -> str:
    """Read by what hits are counted in place of time: the name of a label of hosts; empty: by log."""
    value = _once(name, values)
    if value == "file":
        return ""
    kind, _, label = value.partition(":")
    if kind != "label":
        each = "file, for one count of each log, or label:NAME, for one of each value of a label of hosts"
        raise BadParameter(name, f"must be {each}; leave it out for counts by time")
    if not re.fullmatch(LABEL_NAME, label, re.ASCII):
        raise BadParameter(name, f"must name a label, such as label:role: {NAME_RULE}")
    return label


def _once(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise BadParameter(name, "may be given once only")
    return values[0]


def _span(name: str, values: list[str]) -> float:
    """Read a span of time in seconds; return NaN if the value is not a span."""
    spelled = re.fullmatch(SPAN, _once(name, values), re.ASCII)
    return float(spelled[1]) * _SECONDS[spelled[2] or "s"] if spelled else math.nan
