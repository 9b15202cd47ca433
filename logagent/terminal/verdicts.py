"""An outcome as the command line reports it: an exit code, and lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from logagent.core.batch import Notice
from logagent.core.merging.shared_reasons import ALONE, first_names, shared_reasons
from logagent.core.notes import Note, add_up
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.terminal.amounts import counted

FOUND = 0
"""The exit code of a complete answer."""
NOTHING = 1
"""The exit code of a complete answer without a line."""
FAILED = 2
"""The exit code of wrong usage, and of an answer for which no host was searched."""
PARTIAL = 3
"""The exit code of an answer that lacks something."""
DIED_OF_SIGNAL = 128
"""Added to a signal's number, the exit code that a shell shows for a program that the signal ended."""

EXIT_CODES = """\
exit codes:
  0  the answer is complete
  1  the answer is complete, but nothing matched
  2  wrong usage, or no host was searched
  3  the answer is partial: standard error says which hosts failed and why"""
"""The four exit codes, for the help of commands that search."""

MOST_ALONE = 20
"""Hosts that are in order up to which `--verbose` tells of each: a screen of them."""
MOST_LINES = 20
"""Lines about hosts at most, where each has another reason: a screen of them, with what is said behind."""

_LONG = 1000
"""Characters of a cursor that are printed unasked: more would hide what was said before it."""
_LONG_CURSOR = "to continue from there: --show-cursor prints the cursor, which is long"

_NEVER_BEGAN = (Status.NOT_FOUND, Status.PERMISSION_DENIED, Status.UNAVAILABLE, Status.INTERNAL)
"""The status of a host that was not searched at all, if no line came from it."""
_NOBODY_LISTENS = "cannot connect: connection refused"
"""The message of an outcome whose agent does not run, or listens elsewhere."""
_NOTHING_SHOWN = "nothing was shown that does"
"""The end of what an agent says that does not know who asks."""
_BUDGETS = (Status.DEADLINE_EXCEEDED, Status.RESOURCE_EXHAUSTED)
"""The status of an answer that stopped at a limit, and that people may want to continue."""


def exit_code(outcome: Outcome) -> int:
    """Return FOUND or NOTHING for a complete answer, FAILED if no host was searched, else PARTIAL."""
    if outcome.complete:
        return FOUND if outcome.lines else NOTHING
    searched = outcome.lines > 0 or any(part.status not in _NEVER_BEGAN for part in outcome.hosts)
    return PARTIAL if searched else FAILED


def talk(outcome: Outcome, *, agent: str, verbose: bool, cursor: bool = False) -> list[str]:
    """Report on an answer: which hosts failed and why, that it is partial, and its notes.

    Hosts that merely lack the file, and a complete answer, are reported only if `verbose`.

    Args:
        agent: the URL of the agent that was asked, for outcomes that name no host.
        cursor: whether to say in any case where another answer would continue.

    Returns:
        Lines without line breaks at their ends.
    """
    failing = [part for part in outcome.hosts if part.fails]
    lines = [] if outcome.omitted.failing else hosts_told(failing)
    if verbose:
        lines += hosts_told([part for part in outcome.hosts if not part.fails], alone=MOST_ALONE)
    lines += notes_told(outcome.notes, agent)
    lines += [f"note: {outcome.omitted.notes:,} more notes had no room"] if outcome.omitted.notes else []
    if not outcome.complete:
        lines.append(_whole(outcome, agent))
        lines += [] if outcome.hosts else advice(outcome.message, agent)
    if verbose:
        lines.append(f"{counted(outcome.lines)}, {outcome.bytes_scanned} bytes of log read")
    if outcome.cursor and cursor:
        lines.append(how_to_continue(outcome.cursor))
    elif outcome.cursor and outcome.status in _BUDGETS:
        lines.append(how_to_continue(outcome.cursor) if len(outcome.cursor) <= _LONG else _LONG_CURSOR)
    return lines


def told(note: Note, agent: str) -> str:
    """Write a note, of a host or else of the agent with the URL `agent`."""
    return f"note: {note.host or agent}: {note.sentence}"


def notes_told(notes: Iterable[Note], agent: str) -> list[str]:
    """Write notes, a line for each; those of one kind of more than `ALONE` hosts are one."""
    by_kind: dict[str, list[Note]] = {}
    for note in notes:
        by_kind.setdefault(note.kind, []).append(note)
    lines: list[str] = []
    for kind in by_kind.values():
        if len(kind) <= ALONE or not all(note.host for note in kind):
            lines += [told(note, agent) for note in kind]
        else:
            (whole,) = add_up(replace(note, host="") for note in kind)
            lines.append(f"note: {_together([note.host for note in kind])}: {whole.sentence}")
    return lines


def hosts_told(parts: Sequence[HostOutcome], *, alone: int = ALONE) -> list[str]:
    """Write how hosts ended, a line for each; those that share a reason are one if they are more than `alone`."""
    lines: list[str] = []
    if len(parts) <= alone:
        return [_told_alone(part) for part in parts]
    by_name = {part.host: part for part in parts}
    for reason in shared_reasons(part._replace(message=part.message or _summary(part)) for part in parts):
        if len(reason.hosts) <= alone:
            lines += [_told_alone(by_name[host]) for host in reason.hosts]
        else:
            lines.append(f"{_together(reason.hosts)}: {reason.reason} ({reason.status.name})")
    more = lines[MOST_LINES:]
    return [*lines[:MOST_LINES], f"and {len(more):,} more"] if len(more) > 1 else lines


def notices_told(notices: Sequence[Notice], agent: str) -> list[str]:
    """Write notices that came together, a line for each; those that more than `ALONE` hosts share are one."""
    if len(notices) <= ALONE or not all(notice.host for notice in notices):
        return [f"{notice.host or agent}: {notice.message}" for notice in notices]
    parts = [HostOutcome(notice.host, notice.status, notice.message) for notice in notices]
    together = [reason for reason in shared_reasons(parts) if len(reason.hosts) > ALONE]
    told_so = {(host, reason.status) for reason in together for host in reason.hosts}
    lines = [f"{part.host}: {part.message}" for part in parts if (part.host, part.status) not in told_so]
    return [*(f"{_together(reason.hosts)}: {reason.reason}" for reason in together), *lines]


def _told_alone(part: HostOutcome) -> str:
    return f"{part.host}: {part.message or _summary(part)} ({part.status.name})"


def _together(hosts: Sequence[str]) -> str:
    return f"{len(hosts):,} hosts ({first_names(hosts)})"


def advice(message: str, agent: str) -> list[str]:
    """Return what to do about an agent that does not answer; nothing if its message says all there is to say.

    Args:
        message: why not.
        agent: its URL.
    """
    if message.endswith(_NOTHING_SHOWN):
        return ["--token-file FILE shows a token, and --certs DIR, or --cert and --key, a client certificate"]
    if message != _NOBODY_LISTENS or not agent.startswith("http"):
        return []
    if not agent.rpartition(":")[2].isdecimal():
        return ["a URL without a port means port 80, or 443 for https; `logagent serve` listens on 8000"]
    return ["nothing listens there; `logagent serve` starts an agent, --agent or LOGAGENT_AGENT names another"]


def nobody_listens(outcome: Outcome) -> bool:
    """Return whether nothing was answered, since no agent runs where one was asked."""
    return not outcome.hosts and outcome.message == _NOBODY_LISTENS


def in_trace(trace: str) -> str:
    """Write by which id the hosts' own logs tell more about a failure; empty if the id is not known."""
    return f" (trace {trace})" if trace else ""


def how_to_continue(cursor: str) -> str:
    """Write how to continue where an answer ended."""
    return f"to continue from there: --cursor {cursor}"


def _summary(part: HostOutcome) -> str:
    return counted(part.lines) if part.status is Status.OK else "failed"


def _whole(outcome: Outcome, agent: str) -> str:
    failing = sum(part.fails for part in outcome.hosts) + outcome.omitted.failing
    reason = f"{outcome.message} ({outcome.status.name})"
    if outcome.omitted.failing:
        reason = outcome.message  # which tells of those, too, that are not named
    elif failing:
        reason = f"{failing:,} of {len(outcome.hosts) + outcome.omitted.hosts:,} hosts failed"
    elif not outcome.hosts:
        reason = f"{agent}: {reason}"
    whole = f"partial answer: {reason}" if exit_code(outcome) == PARTIAL else f"no answer: {reason}"
    return whole + in_trace(outcome.trace)
