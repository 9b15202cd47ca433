"""A question as lines of the agent's own log tell it: a sentence for people, and members that hold what was given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from logagent.core.escapes import in_line
from logagent.core.hits.steps import spelled_step
from logagent.core.query import Limits, Match, Order, Query, Unit
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
    details = _details(query)
    return f"{what} {listed(query.files)} {hosts}" + (f": {'; '.join(details)}" if details else "")


def _details(query: Query) -> list[str]:
    match, told = query.match, []
    if words := len(match.keywords) + len(match.exclude):
        told.append(amount(words, "word"))
    if patterns := len(match.regex) + len(match.exclude_regex):
        told.append(amount(patterns, "pattern"))
    if query.range.since is not None:
        told.append(f"since {moment(query.range.since)}")
    if query.range.until is not None:
        told.append(f"until {moment(query.range.until)}")
    if query.limits.n is not None:
        which = "earlier" if query.follow else query.form.order.value
        told.append(f"the {which} {amount(query.limits.n, query.form.unit.value)}")
    if query.positions:
        told.append("where an earlier answer ended")
    return told


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
    told: dict[str, Any] = {"files": named(query.files)}
    if query.hosts:
        told["hosts"] = named(query.hosts)
    _add_match(told, query.match, searched_for)
    since, until = query.range
    if since is not None:
        told["since"] = moment(since)
    if until is not None:
        told["until"] = moment(until)
    for name, number in _limits(query.limits):
        if number is not None:
            told[name] = number
    if query.follow is not None:
        told["follow"] = True
    if query.positions:
        told["continued"] = True
    if not query.rotated:
        told["without_rotated"] = True
    if query.own:
        told["own"] = True
    _add_form(told, query)
    return told


def _limits(limits: Limits) -> tuple[tuple[str, Any], ...]:
    return (
        ("n", limits.n),
        ("n_per_file", limits.n_per_file),
        ("max_bytes", limits.max_bytes),
        ("timeout", limits.timeout),
    )


def _add_match(told: dict[str, Any], match: Match, searched_for: SearchedFor) -> None:
    for name, words in (
        ("keyword", match.keywords),
        ("exclude", match.exclude),
        ("regex", match.regex),
        ("exclude_regex", match.exclude_regex),
    ):
        if words:
            told[name] = searched_for.spelled(words)
    if match.any:
        told["any"] = True
    if match.ignore_case:
        told["ignore_case"] = True
    if match.before:
        told["before_context"] = match.before
    if match.after:
        told["after_context"] = match.after


def _add_form(told: dict[str, Any], query: Query) -> None:
    form = query.form
    if form.order is not Order.NEWEST and query.follow is None:
        told["order"] = form.order.value
    if form.unit is not Unit.LINE:
        told["unit"] = form.unit.value
    if form.step is not None:
        told["step"] = spelled_step(form.step)
    if form.by_file:
        told["by"] = f"label:{form.by_label}" if form.by_label else "file"
