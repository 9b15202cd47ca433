"""Whether an answer holds what was written: an oracle that knows the number of each line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from logagent.core.outcome import Outcome, Status
from soaking.writing import Extent

Extents = Mapping[tuple[str, str], Extent]

_LINE = re.compile(rb"(\S{27}) INFO host=(\S+) log=(\S+) seq=(\d{9}) ")
_TORN = re.compile(rb"[-:.\dT]{1,26}Z?( |$)")
"""How a part of a line begins: with its time, or a part of that."""
_HAVING_NONE = (Status.OK, Status.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for.

    log: its name. hosts: those that are asked; hosts_if: those that may be asked beside them, while a reload changes
    whether they are. step: every so manieth line of each log. n: at most so many of all; None: all.
    """

    log: str
    hosts: frozenset[str]
    hosts_if: frozenset[str] = frozenset()
    step: int = 1
    n: int | None = None
    oldest: bool = False


@dataclass
class Came:
    """The lines of an answer, as numbers for each host, in their order; and the lines' times.

    torn: how many were seen in part.
    """

    numbers: dict[str, list[int]] = field(default_factory=dict)
    times: list[bytes] = field(default_factory=list)
    torn: int = 0

    @property
    def count(self) -> int:
        return len(self.times) + self.torn


def read(lines: Sequence[bytes], log: str, copies: int = 0) -> Came:
    """Take lines apart.

    copies: hosts that copied the log meanwhile. The end of a copy that is being made is a part of a line, and an agent
    cannot know that more will come: no program writes to a log of such a name.

    Raises:
        ValueError: for one that was not written, or not to this log.
    """
    came = Came()
    for line in lines:
        match = _LINE.match(line)
        if match is None and came.torn < copies and _TORN.match(line):
            came.torn += 1
            continue
        if match is None or match[3].decode() != log:
            raise ValueError(f"no line of {log}: {line[:120]!r}")
        came.numbers.setdefault(match[2].decode(), []).append(int(match[4]))
        came.times.append(match[1])
    return came


def faults(came: Came, wanted: Wanted, verdict: Outcome, before: Extents, after: Extents) -> Iterator[str]:
    """What is wrong with an answer, given what its logs held before the question and after the answer.

    Where a log was being copied and truncated, its lines may come from both files.
    """
    if verdict.lines != came.count:
        yield f"{came.count} lines came, {verdict.lines} by the verdict"
    if wanted.n is not None and came.count > wanted.n:
        yield f"{came.count} lines, more than {wanted.n}"
    came = _from_one_file(
        came, {host for host in came.numbers if copied(host, wanted.log, before, after)}, wanted.oldest
    )
    for host, numbers in came.numbers.items():
        if len(set(numbers)) != len(numbers):
            yield f"{host}: lines come twice, such as {_twice(numbers)} (status {verdict.status.name})"
    if verdict.complete:
        yield from _faults_of_whole(came, wanted, verdict, before, after)


def copied(host: str, log: str, before: Extents, after: Extents) -> bool:
    """Whether a log was being copied and truncated at some time from the question to the end of the answer."""
    begin, end = before[host, log].copies, after[host, log].copies
    return begin != end or begin % 2 == 1


def _from_one_file(came: Came, hosts: set[str], oldest: bool) -> Came:
    """The same as if each line of these hosts had come from one file only, in its order."""
    if not hosts:
        return came
    once = {host: sorted(set(came.numbers[host]), reverse=not oldest) for host in hosts}
    return Came(came.numbers | once, sorted(came.times, reverse=not oldest), came.torn)


def _faults_of_whole(came: Came, wanted: Wanted, verdict: Outcome, before: Extents, after: Extents) -> Iterator[str]:
    answering = {part.host for part in verdict.hosts if part.status in _HAVING_NONE}
    if not wanted.hosts <= answering <= wanted.hosts | wanted.hosts_if:
        yield f"hosts {sorted(answering)}, wanted {sorted(wanted.hosts)}"
    if not set(came.numbers) <= answering:
        yield f"lines of {sorted(set(came.numbers) - answering)}, which are not in the verdict"
    if any((late < soon) if wanted.oldest else (late > soon) for soon, late in pairwise(came.times)):
        yield "lines are not in the order of their times"
    reaching = wanted.n is None or came.count < wanted.n
    for host in sorted(answering):
        place = host, wanted.log
        yield from _faults_of_host(came.numbers.get(host, []), host, wanted, reaching, before[place], after[place])


def _faults_of_host(
    numbers: list[int], host: str, wanted: Wanted, reaching: bool, before: Extent, after: Extent
) -> Iterator[str]:
    """What is wrong with a host's lines. reaching: whether they must reach to the end of its log."""
    if wanted.oldest:
        numbers = numbers[::-1]
    step = wanted.step
    gap = next(((upper, lower) for upper, lower in pairwise(numbers) if upper - lower != step), None)
    if gap or any(number % step for number in numbers[:1]):
        yield f"{host}: lines are missing or too many, of every {step}, at {gap or numbers[0]}"
    newest, oldest = _last(before.end, step), _first(after.first, step)
    from_newest, to_oldest = (reaching, True) if wanted.oldest else (True, reaching)
    if not numbers:
        if reaching and newest >= oldest:
            yield f"{host}: nothing came of {oldest} to {newest}"
        return
    if (from_newest and numbers[0] < newest) or numbers[0] >= after.end:
        yield f"{host}: the newest line is {numbers[0]}, not {newest} (to {after.end - 1})"
    if (to_oldest and numbers[-1] > oldest) or numbers[-1] < before.first:
        yield f"{host}: the oldest line is {numbers[-1]}, not {oldest} (from {before.first})"


def continuing(earlier: Came, later: Came, step: int) -> Iterator[str]:
    """What is wrong with an answer, newest first, that goes on where a complete one ended."""
    for host in earlier.numbers.keys() & later.numbers.keys():
        last, first = earlier.numbers[host][-1], later.numbers[host][0]
        if last - first != step:
            yield f"{host}: a page ends with {last}, and the next begins with {first}, of every {step}"


def counted(counts: Mapping[str, int], wanted: Wanted, before: Extents, after: Extents) -> Iterator[str]:
    """What is wrong with the counts of hosts, of a complete answer."""
    for host in sorted(wanted.hosts | (wanted.hosts_if & set(counts))):
        begin, end, step = before[host, wanted.log], after[host, wanted.log], wanted.step
        least = len(range(_first(end.first, step), begin.end, step))
        most = len(range(_first(begin.first, step), end.end, step))
        if not least <= counts.get(host, 0) <= most and not copied(host, wanted.log, before, after):
            yield f"{host}: {counts.get(host, 0)} counted of every {step}, not {least} to {most}"


def _first(number: int, step: int) -> int:
    """The first at or behind a number that is one of every `step`."""
    return -(-number // step) * step


def _last(end: int, step: int) -> int:
    return (end - 1) // step * step


def _twice(numbers: list[int]) -> list[int]:
    seen: set[int] = set()
    return sorted({number for number in numbers if number in seen or seen.add(number)})[:5]  # type: ignore[func-returns-value]
