"""The lines that tell the story of a request: for each event, its sentence and its members.

All of it is called in the thread that writes the log, some moments after the event. So each function takes what does
not change any more: of a story under way, only what it had from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logagent.core.batch import Notice
from logagent.core.escapes import in_line
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.trace import trace_id
from logagent.telemetry.hook import Asking, Story
from logagent.telemetry.own_logs.questions import MOST_IN_WORDS, amount, asked_for, members, named, who_asks
from logagent.telemetry.own_logs.searched_for import SearchedFor
from logagent.telemetry.own_logs.veiling import veiled

LONGEST_MESSAGE = 500
"""Characters of what a host or a verdict says that a line tells."""

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))

Line = tuple[str, dict[str, Any]]
"""A sentence, and the members of a line besides."""


def seconds(began: int, ended: int) -> float:
    """Return the seconds between two counts of nanoseconds, to the microsecond."""
    return round((ended - began) / 1e9, 6)


def after(spent: float) -> str:
    """Return seconds for a sentence."""
    return f"{spent:.3f} s" if spent < 10 else f"{spent:,.1f} s"


def accepted(story: Story) -> Line:
    """Tell that a request has come."""
    return (
        f"accepted: {story.method} {in_line(story.path)} from {story.client or 'a Unix socket'}",
        _members(story, "accepted") | _request(story),
    )


def parsed(story: Story, query: Query, searched_for: SearchedFor) -> Line:
    """Tell what is asked, and by whom."""
    told = _members(story, "parsed")
    _add_caller(told, story)
    told.update(members(query, searched_for))
    return f"parsed: {who_asks(story.caller, story.chain, own=query.own)} {asked_for(query)}", told


def asked(story: Story, hosts: Sequence[str]) -> Line:
    """Tell which hosts are asked."""
    return (
        f"asked: {amount(len(hosts), 'host')}, {', '.join(map(in_line, named(hosts)))}",
        _members(story, "asked") | {"asked_hosts": named(hosts)},
    )


def first_batch(story: Story, host: str, spent: float) -> Line:
    """Tell that the first lines of a host have come."""
    return (
        f"first batch: of {in_line(host)}, after {after(spent)}",
        _members(story, "first_batch") | {"asked_host": host, "seconds": spent},
    )


def left_behind(story: Story, host: str, why: str, spent: float) -> Line:
    """Tell that a host is not waited for any longer."""
    return (
        f"left behind: {in_line(host)}, after {after(spent)}: it {_short(why)}",
        _members(story, "left_behind") | {"asked_host": host, "why": _short(why), "seconds": spent},
    )


def host_ended(story: Story, asking: Asking) -> Line:
    """Tell how a host that was asked has ended."""
    spent = seconds(asking.began, asking.ended or asking.began)
    told = _members(story, "host_ended") | {"asked_host": asking.host, "seconds": spent}
    if asking.outcome is None:
        return f"host ended: {in_line(asking.host)}, stopped after {after(spent)}", told
    words, more = _verdict(asking.outcome, after(spent), story)
    return f"host ended: {in_line(asking.host)}, {words}", told | more


def unread(story: Story, log: str, outcome: Outcome) -> Line:
    """Tell that a log of this host could not be read to its end."""
    message = _said(outcome.status, outcome.message, story)
    return (
        f"read: {in_line(log)}, {outcome.status.name}" + (f", {message}" if message else ""),
        _members(story, "read") | {"log": log, "status": outcome.status.name, "reason": message},
    )


def noticed(story: Story, notice: Notice, hidden: int) -> Line:
    """Tell what has changed about a host that is followed; and how many such changes before it were not told."""
    message = _said(notice.status, notice.message, story)
    told = _members(story, "notice") | {"asked_host": notice.host, "status": notice.status.name, "reason": message}
    return f"notice: {in_line(notice.host)}, {message}", told | ({"not_told": hidden} if hidden else {})


def ended(story: Story, searched_for: SearchedFor, whole: bool, not_told: int) -> Line:
    """Tell how a request has ended, with all that an access log has.

    Args:
        story: which has ended.
        searched_for: spells words and patterns.
        whole: whether lines before this one have told what was asked.
        not_told: how many logs that could not be read, and changes, were not told.
    """
    query, spent = story.query, seconds(story.began, story.ended_at or story.began)
    words, more = _end(story, after(spent))
    about = ""
    if query is None:
        about = f"{story.method} {in_line(story.path)}: "
    elif not whole:
        about = f"{who_asks(story.caller, story.chain, own=query.own)} {asked_for(query)}: "
    told = _members(story, "ended")
    told.update(_request(story))
    _add_caller(told, story)
    if query is not None:
        told.update(members(query, searched_for))
    told.update(more)
    told["bytes_sent"], told["seconds"] = story.bytes_sent, spent
    if story.first_line is not None:
        told["seconds_to_first_line"] = seconds(story.began, story.first_line)
    if not_told:
        told["not_told"] = not_told
    return f"ended: {about}{words}", told


def _end(story: Story, spent: str) -> Line:
    """Return how a story ended, after a time that is in words."""
    if story.reason:
        reason = _short(in_line(story.reason))
        return f"refused in {spent}, {story.status}: {reason}", {"http_status": story.status, "reason": reason}
    outcome = story.outcome
    if outcome is None and story.delivered:
        return f"answered in {spent}, {story.status}", {"http_status": story.status}
    if outcome is None:
        told = {"client_left": True, "lines": story.lines, "bytes_scanned": story.scanned}
        return f"the client has left after {spent} and {amount(story.lines, 'line')}", told
    words, told = _verdict(outcome, spent, story)
    told["http_status"] = story.status
    if not outcome.complete:
        words = f"incomplete, {words}"
    if not story.delivered:
        return f"the client has left before the end: {words}", told | {"client_left": True}
    return words, told


def _verdict(outcome: Outcome, spent: str, story: Story) -> Line:
    """Return how an answer ended, or a host's part of one."""
    status, lines, scanned = outcome.status, outcome.lines, outcome.bytes_scanned
    told: dict[str, Any] = {"status": status.name, "complete": outcome.complete}
    reason = ""
    if outcome.message or not outcome.complete:
        reason = _add_reasons(told, outcome, story)
    told["lines"], told["bytes_scanned"] = lines, scanned
    numbers = f"{amount(lines, 'line')} in {spent}, {_size(scanned)} scanned"
    if not (outcome.complete or lines or scanned):
        numbers = f"nothing in {spent}"
    return f"{told['status']}, {numbers}" + (f": {reason}" if reason else ""), told


def _add_reasons(told: dict[str, Any], outcome: Outcome, story: Story) -> str:
    """Add what failed to the members of a line, and return it for its sentence."""
    failing = [part for part in outcome.hosts if part.fails]
    causes = [f"{part.host}: {_said(part.status, part.message, story) or part.status.name}" for part in failing]
    message = _said(outcome.status, outcome.message, story)
    if message:
        told["reason"] = message
    if causes:
        told["failing"] = named(causes)
    return "; ".join(named(causes, MOST_IN_WORDS)) if len(causes) > 1 else message


def _size(count: int) -> str:
    """Return a number of bytes for a sentence."""
    if count < 1000:
        return f"{count} B"
    unit, name = next(each for each in _UNITS if count >= each[0])
    return f"{count / unit:.1f} {name}"


def _members(story: Story, event: str) -> dict[str, Any]:
    return {"event": event, "trace_id": trace_id(story.trace)}


def _request(story: Story) -> dict[str, Any]:
    return {"method": story.method, "route": story.path, "client": story.client, "http": story.version}


def _add_caller(told: dict[str, Any], story: Story) -> None:
    if story.caller:
        told["caller"] = story.caller
    if story.chain:
        told["through"] = list(story.chain)


def _said(status: Status, message: str, story: Story) -> str:
    """Return what somebody says of a failure; if it may quote an expression, without that."""
    return _short(veiled(message, story.query) if status is Status.INTERNAL and story.query else message)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."
