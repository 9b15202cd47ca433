"""An outcome as the command line reports it: an exit code, and lines for people."""

from __future__ import annotations

from logagent.core.notes import Note
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
    failing = [part for part in outcome.hosts if _fails(part)]
    named = [part for part in outcome.hosts if verbose or _fails(part)]
    lines = [f"{part.host}: {part.message or _summary(part)} ({part.status.name})" for part in named]
    lines += [told(note, agent) for note in outcome.notes]
    if not outcome.complete:
        lines.append(_whole(outcome, len(failing), agent))
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


def in_trace(trace: str) -> str:
    """Write by which id the hosts' own logs tell more about a failure; empty if the id is not known."""
    return f" (trace {trace})" if trace else ""


def how_to_continue(cursor: str) -> str:
    """Write how to continue where an answer ended."""
    return f"to continue from there: --cursor {cursor}"


def _fails(part: HostOutcome) -> bool:
    return part.status not in (Status.OK, Status.NOT_FOUND)


def _summary(part: HostOutcome) -> str:
    return counted(part.lines) if part.status is Status.OK else "failed"


def _whole(outcome: Outcome, failing: int, agent: str) -> str:
    reason = f"{outcome.message} ({outcome.status.name})"
    if failing:
        reason = f"{failing} of {len(outcome.hosts)} hosts failed"
    elif not outcome.hosts:
        reason = f"{agent}: {reason}"
    whole = f"partial answer: {reason}" if exit_code(outcome) == PARTIAL else f"no answer: {reason}"
    return whole + in_trace(outcome.trace)
