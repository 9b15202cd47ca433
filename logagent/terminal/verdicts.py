"""An outcome as the command line tells it: an exit code, and lines for people."""

from __future__ import annotations

from logagent.core.outcome import HostOutcome, Outcome, Status

FOUND = 0
NOTHING = 1
FAILED = 2
PARTIAL = 3

_NEVER_BEGAN = (Status.NOT_FOUND, Status.PERMISSION_DENIED, Status.UNAVAILABLE, Status.INTERNAL)
"""How a host's part ends that was not searched at all, if no line came from it."""
_BUDGETS = (Status.DEADLINE_EXCEEDED, Status.RESOURCE_EXHAUSTED)
"""How an answer ends that stopped at a limit, from which people may want to go on."""


def exit_code(outcome: Outcome) -> int:
    """FOUND or NOTHING for a complete answer; FAILED where no host was searched, else PARTIAL."""
    if outcome.complete:
        return FOUND if outcome.lines else NOTHING
    searched = outcome.lines > 0 or any(part.status not in _NEVER_BEGAN for part in outcome.hosts)
    return PARTIAL if searched else FAILED


def talk(outcome: Outcome, *, agent: str, verbose: bool) -> list[str]:
    """What people should know beside the lines: who failed and why, and that the answer is not whole.

    agent: whom the question went to, for answers that tell of no host. Silent about hosts that merely lack the file,
    and about a complete answer, unless `verbose`.
    """
    failing = [part for part in outcome.hosts if _fails(part)]
    named = [part for part in outcome.hosts if verbose or _fails(part)]
    lines = [f"{part.host}: {part.message or _told(part)} ({part.status.name})" for part in named]
    if not outcome.complete:
        lines.append(_whole(outcome, len(failing), agent))
    if verbose:
        lines.append(f"{counted(outcome.lines)}, {outcome.bytes_scanned} bytes of log read")
    if outcome.cursor and (verbose or outcome.status in _BUDGETS):
        lines.append(going_on(outcome.cursor))
    return lines


def going_on(cursor: str) -> str:
    """How to go on where an answer ended."""
    return f"to go on from there: --cursor {cursor}"


def _fails(part: HostOutcome) -> bool:
    return part.status not in (Status.OK, Status.NOT_FOUND)


def _told(part: HostOutcome) -> str:
    return counted(part.lines) if part.status is Status.OK else "failed"


def _whole(outcome: Outcome, failing: int, agent: str) -> str:
    reason = f"{outcome.message} ({outcome.status.name})"
    if failing:
        reason = f"{failing} of {len(outcome.hosts)} hosts failed"
    elif not outcome.hosts:
        reason = f"{agent}: {reason}"
    return f"partial answer: {reason}" if exit_code(outcome) == PARTIAL else f"no answer: {reason}"


def counted(lines: int) -> str:
    """A number of lines, for people."""
    return "1 line" if lines == 1 else f"{lines} lines"
