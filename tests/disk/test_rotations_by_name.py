"""However a program names its rotated files: a follow, a resumed follow and pages have each line once, in order."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio
from trio.testing import MockClock

from logagent.core.merging.positions import Positions
from logagent.core.outcome import Status
from logagent.core.query import Order, Query
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.source import FollowSource
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.reading import Collected
from testbed.tailing import append, followed, generations, growing_logs

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
TURNS = 4
QUIET = 12.0
"""Virtual seconds in which a new log is found, even where no rename is reported."""
POLL = 1.0
"""Virtual seconds from one look to the next."""
OPTIONS = ReadOptions(host="web", zone=UTC, max_line=1000)


class Scheme(NamedTuple):
    """A way to rotate.

    Attributes:
        log: the name of the log.
        live: the file that is written to in a turn.
        roll: ends a turn.
        link: what the log is a link to; empty: it is none.
        glob: finds the log, and no other.
    """

    log: str
    live: Callable[[int], str]
    roll: Callable[[Path, int], object] = lambda directory, turn: None
    link: str = ""
    glob: str = "*"


def day(turn: int, form: str = "%Y%m%d") -> str:
    return (FIRST + timedelta(days=turn)).strftime(form)


def aside(name: Callable[[int], str], live: str = "app.log") -> Callable[[Path, int], object]:
    """The live file is renamed."""
    return lambda directory, turn: (directory / live).rename(directory / name(turn))


def shifted(form: str, first: int = 1, last: int = 9, live: str = "app.log") -> Callable[[Path, int], object]:
    """All numbers go up."""

    def roll(directory: Path, turn: int) -> None:
        for number in range(last, first, -1):
            if (directory / form.format(number - 1)).exists():
                (directory / form.format(number - 1)).rename(directory / form.format(number))
        if (directory / live).is_file():
            (directory / live).rename(directory / form.format(first))

    return roll


def shifted_down(directory: Path, turn: int) -> None:
    """log4j2 with three files: the oldest has the number 1, and is deleted."""
    if (directory / "app.log.3").exists():
        for number in (2, 3):
            (directory / f"app.log.{number}").rename(directory / f"app.log.{number - 1}")
    (directory / "app.log").rename(directory / f"app.log.{min(turn + 1, 3)}")


def set_aside_by_number(directory: Path, turn: int) -> None:
    name = directory / f"gc.log.{turn % 3}"
    name.with_name(f"{name.name}.current").rename(name)
    (directory / f"gc.log.{(turn + 1) % 3}").unlink(missing_ok=True)


def copied(directory: Path, turn: int) -> None:
    """pm2-logrotate copies and truncates."""
    (directory / f"app__{day(turn, '%Y-%m-%d')}_00-00-00.log").write_bytes((directory / "app.log").read_bytes())
    os.truncate(directory / "app.log", 0)


def kept_by_kubelet(directory: Path, turn: int) -> None:
    """The file before the newest rotated one is compressed."""
    for path in directory.glob("0.log.*[0-9]"):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    (directory / "0.log").rename(directory / f"0.log.{day(turn)}-000000")


def tai(turn: int) -> str:
    return f"@{2**62 + 10 + int((FIRST + timedelta(days=turn)).timestamp()):016x}00000000.s"


SCHEMES = {
    "logrotate": Scheme("app.log", lambda _: "app.log", shifted("app.log.{}")),
    "log4j2, fileIndex=max": Scheme("app.log", lambda _: "app.log", aside(lambda turn: f"app.log.{turn + 1}")),
    "log4j2, fileIndex=max, full": Scheme("app.log", lambda _: "app.log", shifted_down),
    "java.util.logging": Scheme("java0.log", lambda _: "java0.log.0", shifted("java0.log.{}", 0, live="")),
    "-Xlog:gc": Scheme("gc.log", lambda _: "gc.log", aside(lambda turn: f"gc.log.{turn % 3}", "gc.log")),
    "JDK 8": Scheme("gc.log", lambda turn: f"gc.log.{turn % 3}.current", set_aside_by_number),
    "%y%m%d": Scheme("app.log", lambda _: "app.log", aside(lambda turn: f"app.log.{day(turn, '%y%m%d')}")),
    "multilog": Scheme("current", lambda _: "current", aside(tai, "current")),
    "IIS": Scheme("u_ex.log", lambda turn: f"u_ex{day(turn, '%y%m%d')}.log"),
    "Serilog": Scheme("log.txt", lambda turn: f"log-{day(turn)}.txt"),
    "Serilog, no dash": Scheme("log.txt", lambda turn: f"log{day(turn)}.txt"),
    "Serilog, by size": Scheme(
        "log.txt", lambda turn: f"log-{day(turn // 3)}{f'_{turn % 3:03}' if turn % 3 else ''}.txt"
    ),
    "pm2": Scheme("app.log", lambda _: "app.log", copied),
    "pm2, renamed": Scheme(
        "app.log", lambda _: "app.log", aside(lambda turn: f"app__{day(turn, '%Y-%m-%d')}_00-00-00.log")
    ),
    "winston": Scheme("app.log", lambda _: "app.log", shifted("app.log{}")),
    "old": Scheme("app.log", lambda _: "app.log", aside(lambda _: "app.log.old")),
    "bak": Scheme("app.log", lambda _: "app.log", aside(lambda _: "app.log.bak")),
    "Tomcat": Scheme("catalina.log", lambda turn: f"catalina.{day(turn, '%Y-%m-%d')}.log"),
    "Tomcat, access": Scheme(
        "localhost_access_log.txt", lambda turn: f"localhost_access_log.{day(turn, '%Y-%m-%d')}.txt"
    ),
    "PostgreSQL": Scheme("postgresql.log", lambda turn: f"postgresql-{day(turn, '%Y-%m-%d')}_000000.log"),
    "kubelet": Scheme("0.log", lambda _: "0.log", kept_by_kubelet),
    "kubelet, by a link": Scheme(
        "containers/web.log",
        lambda _: "pods/0.log",
        lambda directory, turn: kept_by_kubelet(directory / "pods", turn),
        link="../pods/0.log",
        glob="containers/*",
    ),
}
KEPT = {"log4j2, fileIndex=max, full": 4, "-Xlog:gc": 4, "JDK 8": 3, "old": 2, "bak": 2}
"""Turns that are still on the disk in the end, where they are not all."""

every_scheme = pytest.mark.parametrize("named", SCHEMES)


class Written:
    """A log that is written to in turns."""

    def __init__(self, named: str, directory: Path) -> None:
        self.log, self._live, self._roll, link, self.glob = SCHEMES[named]
        self.named, self.directory = named, directory
        self.turn = 0
        self.turns: list[list[str]] = []
        self._lines = 0
        (directory / self._live(0)).parent.mkdir(parents=True, exist_ok=True)
        if link:
            (directory / self.log).parent.mkdir()
            (directory / self.log).symlink_to(link)

    @property
    def lines(self) -> list[str]:
        return [line for turn in self.turns for line in turn]

    def write(self) -> None:
        """Write the three lines of a turn."""
        lines = [f"{FIRST + timedelta(hours=self._lines + more):%Y-%m-%dT%H:%M:%SZ} line" for more in range(3)]
        append(self.directory / self._live(self.turn), *lines)
        self._lines += 3
        self.turns.append(lines)

    def roll(self) -> None:
        self._roll(self.directory, self.turn)
        self.turn += 1


@asynccontextmanager
async def follows(directory: Path) -> AsyncIterator[Callable[..., tuple[Collected, trio.CancelScope]]]:
    """What begins a follow, and gives what it sends and what ends it."""
    async with growing_logs(directory / "another", poll=POLL) as logs:
        catalog = Catalog([directory / "logs"])
        source = FollowSource(
            "web",
            catalog=catalog,
            threads=DiskThreads(inline=True),
            tails=logs.tails,
            options=lambda _: OPTIONS,
            again=catalog.again,
            max_files=10,
        )

        async def run(out: Collected, scope: trio.CancelScope, asked: dict[str, Any]) -> None:
            with scope:
                await source.pump(followed(**asked), out)

        def begin(**asked: Any) -> tuple[Collected, trio.CancelScope]:
            out, scope = Collected(), trio.CancelScope()
            logs.nursery.start_soon(run, out, scope, asked)
            return out, scope

        yield begin


@pytest.fixture
def written(named: str, tmp_path: Path) -> Written:
    (tmp_path / "another").mkdir()
    (tmp_path / "logs").mkdir()
    return Written(named, tmp_path / "logs")


def texts(out: Collected) -> list[str]:
    return [line.decode() for line in out.lines]


def notices(out: Collected) -> list[str]:
    return [notice.message for batch in out.batches for notice in batch.notices]


@every_scheme
@pytest.mark.parametrize("by_glob", [False, True])
async def test_follow_goes_on_through_rotations(
    written: Written, by_glob: bool, tmp_path: Path, autojump_clock: MockClock
) -> None:
    written.write()
    async with follows(tmp_path) as begin:
        out, _ = begin(files=(written.glob if by_glob else written.log,))
        await trio.sleep(QUIET)
        for _ in range(TURNS):
            written.roll()
            await trio.sleep(QUIET)  # without a live file, where there is one
            written.write()
            await trio.sleep(QUIET)
    assert texts(out) == [line for turn in written.turns[1:] for line in turn]
    assert notices(out) == []


@every_scheme
async def test_follow_is_resumed_behind_a_rotation(written: Written, tmp_path: Path, autojump_clock: MockClock) -> None:
    written.write()
    async with follows(tmp_path) as begin:
        lines, positions = [], ()
        for _ in range(TURNS):
            out, scope = begin(files=(written.log,), positions=positions)
            await trio.sleep(QUIET)
            written.write()
            await trio.sleep(QUIET)
            scope.cancel()
            lines += texts(out)
            positions = [batch.positions for batch in out.batches if batch.positions][-1]
            written.roll()
            written.write()
        out, _ = begin(files=(written.log,), positions=positions)
        await trio.sleep(QUIET)
        lines += texts(out)
    assert lines == written.lines[3:]
    assert notices(out) == []


class Page(Collected):
    """What one answer holds, and how far it came."""

    def __init__(self, *, newest: bool) -> None:
        super().__init__()
        self.positions = Positions(newest=newest)

    async def send(self, batch: Any) -> None:
        await super().send(batch)
        self.positions.advance(batch.positions)


@every_scheme
@pytest.mark.parametrize("order", Order)
def test_pages_with_rotations_between_them_equal_the_whole(written: Written, order: Order) -> None:
    for _ in range(KEPT.get(written.named, TURNS) - 1):
        written.write()
        written.roll()
    written.write()
    catalog, lines, positions = Catalog([written.directory]), [], ()
    for _ in range(100):
        again = partial(generations, catalog, written.log)
        source = LogSource(written.log, again(), DiskThreads(inline=True), OPTIONS, again)
        out = Page(newest=order is Order.NEWEST)
        asked = Query.of(files=(written.log,), n=2, order=order, positions=positions)
        outcome = trio.run(source.pump, asked, out)
        assert outcome.status is Status.OK
        lines += texts(out)
        positions = tuple(out.positions.current()) or positions
        if not out.lines:
            break
    assert lines == (written.lines if order is Order.OLDEST else written.lines[::-1])


def written_name(written: Written) -> str:
    return next(
        named for named, scheme in SCHEMES.items() if scheme.roll is written._roll and scheme.log == written.log
    )


# Names that look rotated, and are not.


def hours(*numbers: int) -> list[str]:
    return [f"{FIRST + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ} line" for number in numbers]


@pytest.mark.parametrize("before", [1, 2])
async def test_terminals_that_log_at_the_same_time_are_followed_each(
    before: int, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """A single one looks like a generation, until there is a second."""
    (tmp_path / "another").mkdir()
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(before):
        append(logs / f"web.{number}", *hours(number, number + 10))
    async with follows(tmp_path) as begin:
        out, _ = begin(files=("web.*",))
        await trio.sleep(QUIET)
        written = []
        for number in range(20, 60, 4):
            name, lines = f"web.{number // 4 % (before + 1)}", hours(number, number + 5)
            append(logs / name, *lines)
            written += lines
            await trio.sleep(QUIET)
    assert texts(out) == written
    assert notices(out) == []
