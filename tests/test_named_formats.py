"""A named format of time holds wherever times are used: answers, ranges, counts, events, archives and follows."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.config.time_formats import time_format
from logagent.core.query import Order, Query, Unit
from logagent.core.times.named_formats import FormatRules
from logagent.core.wire.listing import ListedLog
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.listed_logs import LogLister
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.local import LocalLogs, LocalSource
from logagent.local_listing import LocalLister
from logagent.running.in_force import named_formats
from testbed.reading import Collected
from testbed.times import UTC, ns

GIVEN = "legacy/*.log=%d/%m/%y %H.%M.%S;zone=Europe/Berlin;column=2"
"""Dates whose day and month only the operator knows, in Berlin's time."""


def lines(first: int, last: int) -> list[bytes]:
    """Lines of so many seconds after noon, 11 December 2023, in Berlin; each talks about another time."""
    return [
        b"app 11/12/23 %02d.%02d.%02d since 2000-10-10 13:55:36 %d" % (12 + n // 3600, n // 60 % 60, n % 60, n)
        for n in range(first, last)
    ]


NOON = ns("2023-12-11 11:00:00")
SECOND = 10**9


class Legacy:
    """A root with old logs, and the formats that were named for them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "legacy").mkdir()

    def write(self, name: str, content: list[bytes]) -> Path:
        path = self.root / name
        text = b"".join(line + b"\n" for line in content)
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        os.utime(path, ns=(NOON + 10**15, NOON + 10**15))
        return path

    def logs(self, given: str = GIVEN, **changed: Any) -> LocalLogs:
        rules = named_formats([time_format(given)]) if given else FormatRules()
        return LocalLogs(
            **{
                "catalog": Catalog([self.root], formats=rules),
                "threads": DiskThreads(inline=True),
                "options": ReadOptions(host="web0", zone=UTC),
                "max_files": 10,
                "formats": rules,
            }
            | changed
        )

    async def answer(self, *files: str, given: str = GIVEN, **asked: Any) -> Collected:
        got = Collected()
        outcome = await LocalSource(self.logs(given), patience=2.5).pump(Query.of(files=files, **asked), got)
        assert outcome.complete
        self.notes = outcome.notes
        return got

    async def listed(self, given: str = GIVEN) -> ListedLog:
        listing = await LocalLister(self.logs(given), LogLister()).listing(Query.of(files=("**/*",)), 5.0)
        [log] = listing.logs
        return log


@pytest.fixture
def legacy(tmp_path: Path) -> Legacy:
    return Legacy(tmp_path)


def times(got: Collected) -> list[int]:
    """The times of an answer in seconds after noon."""
    return [(time - NOON) // SECOND for batch in got.batches for time in batch.times or ()]


@pytest.mark.parametrize("name", [f"legacy/app{end}" for end in (".log", ".log.1", ".log.1.gz", "-20231211.log")])
async def test_lines_have_the_times_of_their_format(autojump_clock: MockClock, legacy: Legacy, name: str) -> None:
    """Also where a generation of a log is asked for alone."""
    legacy.write(name, lines(0, 4))
    assert times(await legacy.answer(name, times=True)) == [3, 2, 1, 0]


async def test_other_files_are_read_as_ever(autojump_clock: MockClock, legacy: Legacy) -> None:
    legacy.write("app.log", lines(0, 4))
    assert len(set(times(await legacy.answer("app.log", times=True)))) == 1


@pytest.mark.parametrize("name", ["legacy/app.log", "legacy/app.log.1.gz"])
@pytest.mark.parametrize("order", Order)
async def test_a_range_holds_the_lines_that_lie_in_it(
    autojump_clock: MockClock, legacy: Legacy, name: str, order: Order
) -> None:
    """Also in a file so large that it is bisected."""
    legacy.write(name, lines(0, 30_000))
    since, until = NOON + 20_000 * SECOND, NOON + 20_005 * SECOND
    got = await legacy.answer(name, since=since, until=until, times=True, order=order)
    inside = [20_000, 20_001, 20_002, 20_003, 20_004]
    assert times(got) == (inside if order is Order.OLDEST else inside[::-1])


async def test_hits_are_counted_by_the_times_of_the_format(autojump_clock: MockClock, legacy: Legacy) -> None:
    legacy.write("legacy/app.log", [b"09:59:59 " + line for line in lines(0, 7200)])
    given = GIVEN.replace("column=2", "column=3")
    for keywords in ((), (b"app",)):
        asked = {"hits": True, "times": True, "step": 3600 * SECOND, "keywords": keywords}
        got = await legacy.answer("legacy/app.log", given=given, **asked)
        counts = {time: int(line.split()[0]) for time, line in zip(times(got), got.lines, strict=True)}
        assert counts == {0: 3600, 3600: 3600}


async def test_events_begin_with_a_time_of_the_format(autojump_clock: MockClock, legacy: Legacy) -> None:
    [first, second] = lines(0, 2)
    legacy.write("legacy/app.log", [first, b"2000-10-10 13:55:36 x", b"\tat y", second])
    got = await legacy.answer("legacy/app.log", unit=Unit.EVENT, keywords=(b"at y",), times=True)
    assert got.lines == [first, b"2000-10-10 13:55:36 x", b"\tat y"]


async def test_an_object_over_many_lines_is_an_event_with_the_time_within(
    autojump_clock: MockClock, legacy: Legacy
) -> None:
    objects = [[b"{", b'  "msg": "%d",' % n, b'  "when": "11/12/23 12.00.0%d"' % n, b"}"] for n in range(4)]
    legacy.write("legacy/app.log", [line for each in objects for line in each])
    given = GIVEN.replace("column=2", "field=when")
    got = await legacy.answer("legacy/app.log", given=given, unit=Unit.EVENT, keywords=(b'"2"',), times=True)
    assert got.lines == objects[2]
    assert times(got)[:1] == [2]


async def test_logs_are_merged_by_the_times_of_the_format(autojump_clock: MockClock, legacy: Legacy) -> None:
    legacy.write("legacy/app.log", lines(0, 3))
    legacy.write("iso.log", [b"2023-12-11T11:00:01.5Z between"])
    got = await legacy.answer("**/*", order=Order.OLDEST)
    assert [line.rsplit(None, 1)[1] for line in got.lines] == [b"0", b"1", b"between", b"2"]


async def test_numbered_files_are_ordered_by_the_times_of_the_format(autojump_clock: MockClock, legacy: Legacy) -> None:
    """As those of log4j2, which counts from the oldest."""
    for number in (1, 2, 3):
        path = legacy.write(f"legacy/app.log.{number}", lines(10 * number, 10 * number + 2))
        os.utime(path, ns=(NOON + number, NOON + number))
    legacy.write("legacy/app.log", lines(50, 52))
    assert times(await legacy.answer("legacy/app.log", times=True)) == [51, 50, 31, 30, 21, 20, 11, 10]


async def test_a_format_that_is_not_there_makes_the_file_a_block_and_is_noted(
    autojump_clock: MockClock, legacy: Legacy
) -> None:
    legacy.write("legacy/app.log", [b"2023-12-11 12:00:00 one", b"2023-12-11 12:00:01 two"])
    got = await legacy.answer("legacy/app.log", times=True)
    assert len(set(times(got))) == 1
    assert [(note.kind, note.files) for note in legacy.notes] == [("times", ("legacy/app.log",))]
    log = await legacy.listed()
    assert log.timed is False
    assert log.message.startswith("the time format that was named for it is not found in it: merged as one block")


async def test_the_list_tells_what_was_named(autojump_clock: MockClock, legacy: Legacy) -> None:
    legacy.write("legacy/app.log", lines(0, 8))
    log = await legacy.listed()
    assert (log.oldest, log.newest) == (NOON, NOON + 7 * SECOND)
    assert (log.formats, log.zone, log.timed, log.message) == (("%d/%m/%y %H.%M.%S",), "Europe/Berlin", True, "")
    assert log.times is not None
    assert (log.times.sampled, log.times.timed, log.times.places) == (8, 8, ("behind 1 word",))
    assert (log.times.named, log.times.local, log.times.distrust) == (True, True, "")


async def test_the_list_tells_what_was_learned_and_why_it_is_not_trusted(
    autojump_clock: MockClock, legacy: Legacy
) -> None:
    legacy.write("legacy/app.log", [b"10/11/2023 12:00:0%d x" % n for n in range(8)])
    log = await legacy.listed(given="")
    assert log.message == "the day and the month of its dates cannot be told apart: " + (
        "merged as one block, by its time of modification"
    )
    assert log.times is not None
    assert (log.times.named, log.times.distrust) == (False, "the day and the month of its dates cannot be told apart")


async def test_followed_lines_have_the_times_of_their_format(autojump_clock: MockClock, legacy: Legacy) -> None:
    path, threads, got = legacy.write("legacy/app.log", lines(0, 2)), DiskThreads(inline=True), Collected()
    asked = Query.of(files=("legacy/*.log",), follow=True, times=True, order=Order.OLDEST)
    async with open_shared_tails(threads, Watching(notify=False, poll=0.02)) as tails, trio.open_nursery() as nursery:
        nursery.start_soon(legacy.logs(tails=tails, threads=threads).live().pump, asked, got)
        await trio.sleep(1)
        with path.open("ab") as file:
            file.write(b"\n".join(lines(10, 13)) + b"\n")
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert times(got) == [10, 11, 12]


def test_one_file_under_two_names_is_read_by_the_format_of_each(legacy: Legacy) -> None:
    """What is remembered of its times holds for one format alone."""
    legacy.write("legacy/app.log", lines(0, 2))
    logs = legacy.logs()
    [named] = Catalog([legacy.root]).find(["legacy/app.log"])
    [other] = Catalog([legacy.root / "legacy"]).find(["app.log"])
    options = logs.options_of(named)
    assert options.zone == ZoneInfo("Europe/Berlin")
    assert options.known_judgements is logs.options_of(named).known_judgements
    assert options.known_judgements is not logs.options_of(other).known_judgements
    assert options.known_times is not logs.options_of(other).known_times
    assert logs.options_of(other).named is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a.log=%d/%m", None),
        ("a.log=%d", "time_format: a.log: %d: %d needs %m or %b"),
        ("a.log=%F;column=2;field=when", "time_format: a.log: %F: a column and a field are both named"),
    ],
)
def test_a_format_that_cannot_be_used_is_told_with_its_files(given: str, message: str | None) -> None:
    if message is None:
        assert named_formats([time_format(given)]).named_for(["a.log"])
        return
    with pytest.raises(ConfigError) as error:
        named_formats([time_format(given)])
    assert str(error.value).startswith(message)
