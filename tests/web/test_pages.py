"""Page by page, over the whole stack, equals asking at once, whatever is rotated and packed between two pages."""

from __future__ import annotations

import gzip
import json
import os
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.cursor import decode
from logagent.core.wire.parameters import parse
from testbed.cluster import Cluster, start_cluster

FIRST = 1_700_000_000
MOST_PAGES = 150
NAMES = ("app.log", "web.log")

Log = list[list[bytes]]
"""The lines of each generation, oldest first."""


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Lines of ascending times, some without one, in up to three generations, each beginning with a time."""
    steps = draw(
        st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["match", "other", " more match"])), max_size=18)
    )
    count = draw(st.integers(1, 3))
    log: Log = [[] for _ in range(count)]
    times = accumulate(step for step, _ in steps)
    for number, (second, (_, text)) in enumerate(zip(times, steps, strict=True)):
        generation = log[number * count // len(steps)]
        untimed = text[0] == " " and generation
        generation.append(
            f"{text} {number}".encode() if untimed else b"%d %b %d" % (FIRST + second, text.encode(), number)
        )
    return log


queries = st.fixed_dictionaries(
    {"filename": st.sampled_from(["*.log", "app.log"]), "order": st.sampled_from(["newest", "oldest"])},
    optional={
        "keyword": st.just("match"),
        "unit": st.just("event"),
        "before_context": st.integers(0, 2),
        "after_context": st.integers(0, 2),
        "since": st.integers(FIRST, FIRST + 12),
    },
)
happenings = st.lists(st.sampled_from(["nothing", "rotate", "pack"]), max_size=8)


def write(directory: Path, name: str, log: Log, packed: bool) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for age, lines in enumerate(reversed(log)):
        path = directory / (f"{name}.{age}" if age else name)
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        if packed and age == 2:
            pack(path)


def pack(path: Path) -> None:
    """As gzip does it: the archive keeps the time of the file."""
    status = path.stat()
    archive = path.with_name(f"{path.name}.gz")
    archive.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()


def rotate(directory: Path, name: str) -> None:
    ages = {int(path.name.removeprefix(f"{name}.").removesuffix(".gz")): path for path in directory.glob(f"{name}.*")}
    for age, path in sorted(ages.items(), reverse=True):
        path.rename(directory / f"{name}.{age + 1}{'.gz' if path.suffix == '.gz' else ''}")
    (directory / name).rename(directory / f"{name}.1")
    (directory / name).touch()


def happen(what: str, directories: list[Path]) -> None:
    for directory in directories:
        for name in NAMES:
            plain = directory / f"{name}.1"
            if what == "rotate" and (directory / name).exists():
                rotate(directory, name)
            elif what == "pack" and plain.exists():
                pack(plain)


async def page(it: Cluster, asked: dict[str, Any]) -> tuple[list[tuple[str, str, str]], str]:
    """Time, host and line of each line of an answer, and its cursor."""
    reply = await it.ask(urlencode(asked), accept="application/x-ndjson")
    *records, end = map(json.loads, reply.lines)
    assert end["end"]["complete"], end
    return [(record["time"], record["host"], record["line"]) for record in records], reply.trailers["log-cursor"]


async def check(directory: Path, hosts: int, asked: dict[str, Any], n: int, happens: list[str]) -> None:
    names = [f"web{number}" for number in range(hosts)]
    directories = [directory / name for name in names]
    nothing: dict[str, bytes] = {}
    async with start_cluster(directory, dict.fromkeys(names, nothing)) as it:
        whole, _ = await page(it, asked)
        walked, cursor = await page(it, asked | {"n": n})
        for number in range(MOST_PAGES):
            happen(happens[number] if number < len(happens) else "nothing", directories)
            if not cursor:
                break
            more, cursor = await page(it, asked | {"n": n, "cursor": cursor})
            walked += more
            if not more:
                break
        assert walked == whole


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(logs(), logs(), st.booleans()), min_size=1, max_size=3), queries, st.integers(1, 7), happenings
)
def test_pages_over_rotations_equal_the_whole(
    hosts: list[tuple[Log, Log, bool]], asked: dict[str, Any], n: int, happens: list[str]
) -> None:
    with TemporaryDirectory() as place:
        for number, (app, web, packed) in enumerate(hosts):
            for name, log in zip(NAMES, (app, web), strict=True):
                write(Path(place) / f"web{number}", name, log, packed)
        trio.run(check, Path(place), len(hosts), asked, n, happens, clock=MockClock(autojump_threshold=0))


async def test_hundreds_of_logs_are_gone_through_page_by_page(autojump_clock: MockClock, cluster: Any) -> None:
    files = {f"svc{number}/app.log": b"%d line %d\n" % (FIRST + number, number**3) for number in range(300)}
    async with cluster(web0=files) as it:
        first = await it.ask("filename=*/app.log&order=oldest&n=200")
        last = await it.ask(f"filename=*/app.log&order=oldest&n=200&cursor={first.verdict.cursor}")
    assert (first.verdict.complete, last.verdict.complete) == (True, True)
    assert [*first.lines, *last.lines] == [line.rstrip() for line in files.values()]
    asked = parse(b"filename=*/app.log&order=oldest", 0)
    assert len(decode(last.verdict.cursor, asked).positions) == 300
