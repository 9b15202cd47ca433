"""Page by page equals all at once: nothing twice, nothing lost, whatever is rotated between two pages."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch
from logagent.core.merging.positions import Positions
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query, Unit
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.queries import changed
from testbed.reading import Collected, Found, found_at

FIRST = 1_700_000_000
ORDERS = st.sampled_from(Order)


@dataclass
class Log:
    """A log in a directory: `app.log`, and `app.log.1` and so on for what was rotated."""

    directory: Path
    written: int = 0

    def write(self, lines: int) -> None:
        with (self.directory / "app.log").open("ab") as file:
            for _ in range(lines):
                self.written += 1
                word = b"match" if self.written % 3 else b"other"
                file.write(b"%d line %d %b\n" % (FIRST + self.written // 2, self.written, word))
                file.write(b" more\n" if self.written % 4 == 0 else b"")

    def rotate(self) -> None:
        for number, path in reversed(list(enumerate(self.paths()))):
            path.rename(self.directory / f"app.log.{number + 1}{path.suffix if path.suffix == '.gz' else ''}")
        (self.directory / "app.log").touch()

    def compress(self) -> None:
        """The newest of the rotated files that is not packed yet."""
        plain = [path for path in self.paths()[1:] if path.suffix != ".gz"]
        if plain:
            plain[0].with_name(f"{plain[0].name}.gz").write_bytes(gzip.compress(plain[0].read_bytes()))
            plain[0].unlink()

    def paths(self) -> list[Path]:
        """Newest first."""
        paths = [self.directory / "app.log"]
        while there := list(self.directory.glob(f"app.log.{len(paths)}*")):
            paths += there
        return paths

    def files(self) -> list[Found]:
        return [found_at(path) for path in self.paths()]

    def lines(self) -> list[bytes]:
        return b"".join(path.read_bytes() for path in reversed(self.paths())).splitlines()


class Page(Collected):
    """What one answer holds, and how far that is."""

    def __init__(self, *, newest: bool) -> None:
        super().__init__()
        self.positions = Positions(newest=newest)

    async def send(self, batch: Batch) -> None:
        await super().send(batch)
        self.positions.advance(batch.positions)


def ask(log: Log, query: Query, sizes: tuple[int, ...] = (64,)) -> tuple[Page, Outcome]:
    page = Page(newest=query.form.order is Order.NEWEST)
    options = ReadOptions(host="web-1", zone=UTC, sizes=sizes)
    source = LogSource("app.log", log.files(), DiskThreads(inline=True), options)
    return page, trio.run(source.pump, query, page)


def pages(log: Log, query: Query, between: Callable[[int], object], most: int = 80) -> list[bytes]:
    """All lines, page by page; something happens after each."""
    lines: list[bytes] = []
    positions: tuple[Any, ...] = ()
    for number in range(most):
        page, outcome = ask(log, changed(query, positions=positions))
        assert outcome.status in (Status.OK, Status.RESOURCE_EXHAUSTED), outcome
        lines += page.lines
        if outcome.complete and (
            query.limits.n is None or sum(batch.records for batch in page.batches) < query.limits.n
        ):
            return lines
        positions = tuple(page.positions.current()) or positions
        between(number)
    raise AssertionError("the pages do not end")


def asdict(query: Query) -> dict[str, Any]:
    return {name: getattr(query, name) for name in Query.__slots__}


@settings(max_examples=150, deadline=None)
@given(st.data(), ORDERS, st.integers(1, 7), st.sampled_from(Unit))
def test_pages_with_rotations_between_them_equal_the_whole(
    data: st.DataObject, order: Order, n: int, unit: Unit
) -> None:
    with TemporaryDirectory() as directory:
        log = Log(Path(directory))
        for _ in range(data.draw(st.integers(1, 3))):
            log.write(data.draw(st.integers(1, 15)))
            log.rotate() if data.draw(st.booleans()) else None
        query = Query.of(files=("app.log",), keywords=(b"match",), order=order, unit=unit, n=n)
        whole, _ = ask(log, changed(query, n=None))
        happenings = data.draw(
            st.lists(st.sampled_from(["write", "rotate", "both", "compress", "nothing"]), max_size=6)
        )

        def between(number: int) -> None:
            happens = happenings[number] if number < len(happenings) else "nothing"
            if happens in ("write", "both") and order is Order.NEWEST:
                log.write(3)
            if happens in ("rotate", "both"):
                log.rotate()
            if happens == "compress":
                log.compress()

        assert pages(log, query, between) == whole.lines


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.integers(40, 200), st.integers(1, 40))
def test_pages_by_bytes_equal_the_whole(order: Order, max_bytes: int, lines: int) -> None:
    with TemporaryDirectory() as directory:
        log = Log(Path(directory))
        log.write(lines)
        query = Query.of(files=("app.log",), order=order, max_bytes=max_bytes)
        whole, _ = ask(log, Query.of(files=("app.log",), order=order))
        assert pages(log, query, lambda _: None) == whole.lines


@settings(max_examples=100, deadline=None)
@given(ORDERS, st.integers(1, 4), st.integers(1, 40), st.integers(0, 3), st.integers(0, 3))
def test_context_comes_once_over_two_pages(order: Order, n: int, lines: int, before: int, after: int) -> None:
    with TemporaryDirectory() as directory:
        log = Log(Path(directory))
        log.write(lines)
        query = Query.of(files=("app.log",), keywords=(b"1 match",), order=order, before=before, after=after, n=n)
        whole, _ = ask(log, changed(query, n=None))
        assert pages(log, query, lambda _: None) == whole.lines


def test_a_file_that_is_gone_is_a_loss_that_is_said() -> None:
    with TemporaryDirectory() as directory:
        log = Log(Path(directory))
        log.write(20)
        query = Query.of(files=("app.log",), n=2)
        first, _ = ask(log, query)
        (log.directory / "app.log").write_bytes(b"1700009999 other\n")
        second, outcome = ask(log, changed(query, positions=tuple(first.positions.current())))
        assert second.lines == []
        assert outcome.status is Status.DATA_LOSS
        assert "deleted or overwritten" in outcome.message


def test_lines_written_after_the_first_page_come_where_the_oldest_are_first() -> None:
    with TemporaryDirectory() as directory:
        log = Log(Path(directory))
        log.write(3)
        query = Query.of(files=("app.log",), order=Order.OLDEST)
        first, _ = ask(log, query)
        log.rotate()
        log.write(2)
        second, outcome = ask(log, changed(query, positions=tuple(first.positions.current())))
        assert first.lines + second.lines == log.lines()
        assert outcome.complete


def test_a_line_without_a_time_has_that_of_the_one_before_also_where_an_archive_is_gone_on_with() -> None:
    with TemporaryDirectory() as directory:
        log = Log(Path(directory))
        (log.directory / "app.log").write_bytes(b"1700000000 match 0\n more match 1\n1700000001 match 2\n")
        log.rotate()
        log.compress()
        query = Query.of(files=("app.log",), order=Order.OLDEST, n=1, times=True)
        first, _ = ask(log, query)
        second, _ = ask(log, changed(query, positions=tuple(first.positions.current())))
        assert second.lines == [b" more match 1"]
        assert [time // 10**9 for batch in second.batches for time in batch.times or []] == [FIRST]
