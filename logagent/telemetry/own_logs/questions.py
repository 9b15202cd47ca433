"""A question as lines of the agent's own log tell it: a sentence for people, and members that hold what was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from logagent.core.escapes import in_line
from logagent.core.hits.steps import spelled_step
from logagent.core.query import Order, Query, Unit
from logagent.telemetry.own_logs.searched_for import SearchedFor

MOST_NAMED = 20
"""Names of files or hosts that a line tells; a question may have 64 of each, and a fleet hundreds of hosts."""
MOST_IN_WORDS = 3
"""Names that a sentence tells: the members have more."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def amount(count: int, what: str) -> str:
    """Return a number of things, as `1 line` or `1,204 lines`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def named(names: Sequence[str], most: int = MOST_NAMED) -> list[str]:
    """Return names as members of a line have them; of many, how many more there are."""
    return [*names] if len(names) <= most else [*names[:most], f"and {len(names) - most:,} more"]


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence."""
    return ", ".join(map(in_line, named(names, MOST_IN_WORDS)))


def who_asks(caller: str, chain: Sequence[str], *, own: bool) -> str:
    """Return who asks, for a sentence: the agent that asks, and for whom.

    Args:
        caller: on whose behalf; empty: it is not known.
        chain: names of the agents through which he asks.
        own: whether one of them asks, though it may not have said which.
    """
    whom = in_line(caller) or "somebody"
    agents = f"{' and '.join(map(in_line, chain))}" if chain else "an agent" if own else ""
    return f"{agents}, for {whom}," if agents else whom


def asked_for(query: Query) -> str:
    """Return what a question asks for, for the end of a sentence."""
    what = "follows" if query.follow else "counts lines of" if query.form.hits else "asks for"
    hosts = "of this host" if query.own else f"of {listed(query.hosts)}" if query.hosts else "of all hosts"
    details = "; ".join(_details(query))
    return f"{what} {listed(query.files)} {hosts}" + (f": {details}" if details else "")


def _details(query: Query) -> Iterator[str]:
    match, limits = query.match, query.limits
    words, patterns = len(match.keywords) + len(match.exclude), len(match.regex) + len(match.exclude_regex)
    if words:
        yield amount(words, "word")
    if patterns:
        yield amount(patterns, "pattern")
    if query.range.since is not None:
        yield f"since {moment(query.range.since)}"
    if query.range.until is not None:
        yield f"until {moment(query.range.until)}"
    if limits.n is not None:
        which = "earlier" if query.follow else query.form.order
        yield f"the {which} {amount(limits.n, query.form.unit)}"
    if query.positions:
        yield "where an earlier answer ended"


def moment(time_ns: int) -> str:
    """Return an instant as RFC 3339 has it, to the microsecond; one that has no such spelling, as seconds."""
    try:
        told = _EPOCH + timedelta(microseconds=time_ns // 1000)
    except OverflowError:
        return f"{time_ns / 1e9:.0f}"
    return told.isoformat().replace("+00:00", "Z")


def members(query: Query, searched_for: SearchedFor) -> dict[str, Any]:
    """Return what was given with a question, by the names of the parameters, without what was left out.

    Args:
        searched_for: spells its words and patterns.
    """
    match, form = query.match, query.form
    words = {
        "keyword": match.keywords,
        "exclude": match.exclude,
        "regex": match.regex,
        "exclude_regex": match.exclude_regex,
    }
    told: dict[str, Any] = {"files": named(query.files)}
    if query.hosts:
        told["hosts"] = named(query.hosts)
    told |= {name: searched_for.spelled(given) for name, given in words.items() if given}
    told |= {name: True for name, is_set in _flags(query) if is_set}
    told |= {name: number for name, number in _numbers(query) if number is not None}
    if form.order is not Order.NEWEST and not query.follow:
        told["order"] = str(form.order)
    if form.unit is not Unit.LINE:
        told["unit"] = str(form.unit)
    return told


def _flags(query: Query) -> list[tuple[str, bool]]:
    return [
        ("any", query.match.any),
        ("ignore_case", query.match.ignore_case),
        ("follow", query.follow is not None),
        ("continued", bool(query.positions)),
        ("without_rotated", not query.rotated),
        ("own", query.own),
    ]


def _numbers(query: Query) -> list[tuple[str, Any]]:
    limits, form = query.limits, query.form
    since, until = query.range
    return [
        ("since", None if since is None else moment(since)),
        ("until", None if until is None else moment(until)),
        ("n", limits.n),
        ("n_per_file", limits.n_per_file),
        ("before_context", query.match.before or None),
        ("after_context", query.match.after or None),
        ("max_bytes", limits.max_bytes),
        ("timeout", limits.timeout),
        ("step", None if form.step is None else spelled_step(form.step)),
        ("by", "file" if form.by_file else None),
    ]
