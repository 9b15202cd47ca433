"""A tree of primaries answers as one primary over the same hosts would: lines, hits and pages, whatever its shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.cluster import Cluster, Knows, Reply, start_cluster

HOSTS = ("top", "h1", "h2", "h3", "h4", "h5", "h6")
LINES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["error", "fine"])), max_size=12)
SHAPES = st.lists(st.integers(0, 10), min_size=len(HOSTS) - 1, max_size=len(HOSTS) - 1)


def tree(shape: list[int]) -> dict[str, Knows]:
    """Each host but the first hangs below an earlier one; who has hosts below is a primary for the one above."""
    below: dict[str, list[str]] = {host: [] for host in HOSTS}
    for number, choice in enumerate(shape, 1):
        below[HOSTS[choice % number]].append(HOSTS[number])
    return {
        host: Knows([one for one in hosts if not below[one]], [one for one in hosts if below[one]])
        for host, hosts in below.items()
    }


def files(lines: Mapping[str, list[tuple[int, str]]]) -> dict[str, bytes]:
    return {
        host: b"".join(
            f"2026-11-23T10:{minute:02d}:00Z {host} {number} {word}\n".encode()
            for number, (minute, word) in enumerate(sorted(lines[host]))
        )
        for host in HOSTS
    }


async def pages(it: Cluster, query: str) -> list[bytes]:
    read, cursor = list[bytes](), ""
    while True:
        reply = await it.ask(f"{query}{cursor}")
        assert reply.verdict.complete, reply.verdict
        read += reply.lines
        if not reply.verdict.cursor:
            return read
        cursor = f"&cursor={reply.verdict.cursor}"


def by_time(lines: list[bytes]) -> list[bytes]:
    """Lines of one time in one order: that of hosts below a primary is theirs."""
    return sorted(lines, key=lambda line: (line[:20], line), reverse=True)


def counted(reply: Reply) -> dict[str, int]:
    return {part.host: part.lines for part in reply.verdict.hosts}


@settings(max_examples=6, deadline=None)
@given(SHAPES, st.fixed_dictionaries(dict.fromkeys(HOSTS, LINES)))
def test_any_tree_answers_as_one_primary_over_the_same_hosts(
    shape: list[int], lines: dict[str, list[tuple[int, str]]]
) -> None:
    async def ask(knows: Mapping[str, Knows], directory: Path) -> tuple[object, ...]:
        async with start_cluster(directory, files(lines), knows=knows) as it:
            whole = await it.ask("filename=app.log&keyword=error")
            hits = await it.ask("filename=app.log&step=10m", route="/hits")
            paged = await pages(it, "filename=app.log&n=5")
            assert [line[:20] for line in whole.lines] == [line[:20] for line in by_time(whole.lines)]
            return by_time(whole.lines), counted(whole), json.loads(hits.body)["hits"], counted(hits), by_time(paged)

    def answers(knows: Mapping[str, Knows]) -> tuple[object, ...]:
        with TemporaryDirectory() as directory:
            clock = trio.testing.MockClock(autojump_threshold=0)
            return trio.run(ask, knows, Path(directory), clock=clock)

    assert answers(tree(shape)) == answers({"top": Knows(HOSTS[1:])})
