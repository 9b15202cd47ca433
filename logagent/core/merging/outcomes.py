"""The outcomes of several sources as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from logagent.core.merging.shared_reasons import ALONE, told_together
from logagent.core.notes import add_up
from logagent.core.outcome import MOST_OF_CAUSES, Outcome, Status, Untold, joined_causes, size_in_trailer


def combine(outcomes: Iterable[Outcome], *, lines: int, timings: Mapping[str, int]) -> Outcome:
    """Make one outcome of those of several sources.

    The status is that of the first failure. The message names the causes of all failures below the level of a host, up
    to `MOST_CAUSES`. Those of hosts stand in `hosts`: of one or two hosts that fail, the message is the first one's, of
    more it tells their reasons together. A source that does not have the log (NOT_FOUND) is named in
    `hosts` and in the message, but the whole fails only if no source has the log: if two hosts of forty have it, their
    lines are a complete answer.

    Args:
        outcomes: in the order in which the sources ended.
        lines: how many lines were sent in all.
        timings: nanoseconds spent in further stages, such as merging; added to the timings of the sources.
    """
    ended = list(outcomes)
    first = _first_failure(ended)
    return Outcome(
        first.status,
        first.message,
        lines,
        sum(outcome.bytes_scanned for outcome in ended),
        tuple(part for outcome in ended for part in outcome.hosts),
        _add_up([*(outcome.timings for outcome in ended), timings]),
        notes=add_up(note for outcome in ended for note in outcome.notes),
        omitted=_all_omitted(ended),
    )


def _first_failure(outcomes: Sequence[Outcome]) -> Outcome:
    missing = [outcome for outcome in outcomes if outcome.status is Status.NOT_FOUND]
    failures = [outcome for outcome in outcomes if outcome.status not in (Status.OK, Status.NOT_FOUND)]
    if failures:
        return replace(failures[0], message=_message(failures, outcomes))
    if missing and len(missing) == len(outcomes):
        return missing[0]
    return Outcome(message=next((outcome.message for outcome in outcomes if outcome.message), ""))


def _message(failures: Sequence[Outcome], outcomes: Sequence[Outcome]) -> str:
    failing = [part for outcome in outcomes for part in outcome.hosts if part.fails]
    omitted = _all_omitted(outcomes)
    if len(failing) + omitted.failing > ALONE:
        hosts = sum(len(outcome.hosts) for outcome in outcomes) + omitted.hosts
        before = joined_causes(failure.message for failure in failures if not failure.hosts)
        room = MOST_OF_CAUSES - size_in_trailer(f"{before}; ")
        by_name = sorted(failing, key=lambda part: part.host)
        return "; ".join(filter(None, [before, told_together(by_name, hosts, omitted.failing, room=room)]))
    causes = failures[:1] if any(outcome.hosts for outcome in failures) else failures
    return joined_causes([cause.message for cause in causes])


def _all_omitted(outcomes: Iterable[Outcome]) -> Untold:
    omitted = [outcome.omitted for outcome in outcomes]
    return Untold(*map(sum, zip(*omitted, strict=True))) if any(map(any, omitted)) else Untold()


def _add_up(timings: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for stages in timings:
        for stage, spent in stages.items():
            total[stage] = total.get(stage, 0) + spent
    return total
