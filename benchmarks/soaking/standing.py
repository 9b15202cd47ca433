"""What an agent holds while nobody asks, and whether it is what it held before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import trio

from soaking.hosts import Host, Told

REST = 15.0
"""Seconds for which descriptors and threads must stay as they are before they are taken: longer than idle threads of
Trio live, and files of follows are held open after they are gone (ten seconds each)."""
LOOK_EVERY = 1.0
LONGEST_REST = 180.0
"""Seconds after which it is taken as it is."""
CONNECTED = "socket established"
_STATES = {"01": "established", "08": "half closed", "0A": "listening"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a process holds.

    descriptors: by their kind, files by their path. rss, pss: bytes of memory; in pss shared pages count in part.
    maps: of memory.
    told: what it says itself.
    """

    descriptors: Counter[str]
    threads: int
    rss: int
    pss: int
    maps: int
    told: Told

    @property
    def apart(self) -> int:
        """Descriptors apart from connections."""
        return self.descriptors.total() - self.descriptors[CONNECTED]

    def __str__(self) -> str:
        kinds = Counter[str]()
        for descriptor, number in self.descriptors.items():
            kinds["file" if descriptor.startswith("file ") else descriptor] += number
        descriptors = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        return (
            f"{descriptors}; {self.threads} threads, {self.told.tasks.total()} tasks, RSS {self.rss / 1e6:.1f} MB, "
            f"{self.maps} maps, {self.told.objects:,} objects"
        )


class Bound(NamedTuple):
    """A figure that must end where it began, but for `more`, for a reason."""

    what: str
    of: Callable[[Standing], int]
    more: int
    reason: str


CONNECTIONS = 4
"""Connections between agents that may be more than at the beginning: where a peer was started again, two questions at
once may each make one to it, and both stay. So one more to each of four peers."""
TASKS_A_CONNECTION = 3

BOUNDS = (
    Bound(
        "descriptors", lambda it: it.descriptors.total(), CONNECTIONS, "nobody asks; a second connection to each peer"
    ),
    Bound("other than connections", lambda it: it.apart, 0, "nobody asks"),
    Bound("threads", lambda it: it.threads, 0, "idle ones have ended"),
    Bound("tasks", lambda it: it.told.tasks.total(), CONNECTIONS * TASKS_A_CONNECTION, "those of such connections"),
    Bound("memory maps", lambda it: it.maps, 40, "a heap that was larger once has more pieces"),
    Bound(
        "Python objects",
        lambda it: it.told.objects,
        5_000,
        "names and times of logs, which are remembered up to a number",
    ),
)
"""Of each process, also where it is another one than at the beginning."""
MEMORY = (
    Bound("blocks in use of Python's heap", lambda it: it.told.blocks, 20_000, "as of the objects; a leak grows on"),
    Bound("bytes in use of the C heap", lambda it: it.told.c_heap, 8_000_000, "tables that grew; a leak grows on"),
    Bound(
        "RSS",
        lambda it: it.rss,
        16_000_000,
        "holes in the heap, as chance has it: 160 bytes for each of 100,000 questions",
    ),
    Bound("PSS", lambda it: it.pss, 16_000_000, "the same"),
)
"""Of a process that was never restarted, since the heap of one that was asked little has few holes."""


async def at_rest(host: Host) -> Standing:
    """Wait until an agent stands still, and return what it holds."""
    last, since, begin = _shape(host), trio.current_time(), trio.current_time()
    while trio.current_time() < min(since + REST, begin + LONGEST_REST):
        await trio.sleep(LOOK_EVERY)
        if (now := _shape(host)) != last:
            last, since = now, trio.current_time()
    return _taken(host.pid, *last, await host.tell())


def _taken(pid: int, descriptors: Counter[str], threads: int, told: Told) -> Standing:
    rss, pss = _smaps(pid)
    return Standing(descriptors, threads, rss, pss, Path(f"/proc/{pid}/maps").read_text().count("\n"), told)


def _shape(host: Host) -> tuple[Counter[str], int]:
    return Counter(_descriptors(host.pid)), len(list(Path(f"/proc/{host.pid}/task").iterdir()))


def _descriptors(pid: int) -> Iterator[str]:
    states = _socket_states()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:
            continue
        kind, _, rest = target.partition(":")
        if kind == "socket":
            yield f"socket {states.get(rest.strip('[]'), 'of no state')}"
        else:
            yield f"file {target}" if target.startswith("/") else rest if kind == "anon_inode" else kind


def _socket_states() -> dict[str, str]:
    """The states of the machine's TCP sockets, by inode."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9]: _STATES.get(row[3], "closing") for row in rows}


def _smaps(pid: int) -> tuple[int, int]:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in rollup[1:]}
    return sizes["Rss"], sizes["Pss"]


def compared(name: str, begin: Standing, end: Standing, steady: bool) -> Iterator[tuple[bool, list[str]]]:
    """For each bound whether it holds, and its row: what, begin, end, bound, whether it holds, why.

    steady: whether it is one process all the time.
    """
    for bound in BOUNDS + (MEMORY if steady else ()):
        before, after = bound.of(begin), bound.of(end)
        holds = after <= before + bound.more
        most = f"at most {before + bound.more:,}"
        yield (
            holds,
            [f"{name}: {bound.what}", f"{before:,}", f"{after:,}", most, "yes" if holds else "**no**", bound.reason],
        )


def grown(begin: Standing, end: Standing) -> str:
    """What there is more of, by kind, for who looks for the cause."""
    kinds = [end.descriptors - begin.descriptors, end.told.tasks - begin.told.tasks]
    types = (end.told.types - begin.told.types).most_common(12)
    more = [f"{kind} +{count}" for counter in kinds for kind, count in counter.most_common(8)]
    return ", ".join([*more, *(f"{kind} +{count}" for kind, count in types)])
