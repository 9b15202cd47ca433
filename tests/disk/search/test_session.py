"""A log of several files as one: context, events, ranges of time and limits go over the borders of blocks and files."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Order, Query, Unit
from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.beneath import failure_of
from logagent.disk.search.options import COMPRESSION_RATIO, ReadOptions
from logagent.disk.search.scan_setup import FileScan, ScanSetup
from logagent.disk.search.session import Session
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.packing import PACK
from testbed.reading import MODIFIED, Collected, Found, answer, found, in_order, joined

FIRST = 1_600_000_000
SIZES = st.lists(st.integers(8, 200), min_size=1, max_size=3).map(sorted).map(tuple)
ORDERS = st.sampled_from(Order)
CONTEXT = st.integers(0, 3)


def grep(lines: list[bytes], *flags: str) -> list[bytes]:
    command = ["grep", "-F", *flags, "match"]
    return subprocess.run(command, input=joined(lines), capture_output=True).stdout.splitlines()


def up_to_match(lines: list[bytes], n: int | None) -> list[bytes]:
    """The lines before the n+1st match: what follows the nth is context up to there."""
    matches = [place for place, line in enumerate(lines) if b"match" in line]
    return lines if n is None or n >= len(matches) else lines[: matches[n]]


def stamped(number: int, text: bytes) -> bytes:
    return b"%d.%03d %b" % (FIRST + number, number % 1000, text)


LINES = st.lists(st.sampled_from([b"match", b"a", b"b match", b"cc" * 20, b""]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(LINES, SIZES, ORDERS, CONTEXT, CONTEXT, st.none() | st.integers(1, 4))
async def test_context_equals_greps(
    lines: list[bytes], sizes: tuple[int, ...], order: Order, before: int, after: int, n: int | None
) -> None:
    if before == after == 0:
        before = 1
    out, _ = await answer([joined(lines)], sizes, keywords=(b"match",), before=before, after=after, order=order, n=n)
    leads, trails = (before, after) if order is Order.OLDEST else (after, before)
    assert out.text() == grep(up_to_match(in_order(lines, order), n), f"-B{leads}", f"-A{trails}")


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, min_size=2, max_size=3), SIZES, ORDERS, CONTEXT)
async def test_context_goes_over_the_border_of_two_files(
    parts: list[list[bytes]], sizes: tuple[int, ...], order: Order, context: int
) -> None:
    out, _ = await answer(
        [joined(part) for part in parts], sizes, keywords=(b"match",), before=context, after=1, order=order
    )
    lines = [line for part in parts for line in part]
    leads, trails = (context, 1) if order is Order.OLDEST else (1, context)
    assert out.text() == grep(in_order(lines, order), f"-B{leads}", f"-A{trails}")


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=3), SIZES, ORDERS, st.none() | st.integers(1, 30), st.booleans())
async def test_several_files_are_one_stream(
    parts: list[list[bytes]], sizes: tuple[int, ...], order: Order, n: int | None, everything: bool
) -> None:
    keywords = () if everything else (b"match",)
    out, outcome = await answer([joined(part) for part in parts], sizes, keywords=keywords, order=order, n=n)
    lines = in_order([line for part in parts for line in part], order)
    wanted = lines if everything else [line for line in lines if b"match" in line]
    assert out.lines == wanted[:n]
    assert outcome.complete


async def test_each_line_names_the_file_and_the_place_that_it_is_from() -> None:
    out, _ = await answer([b"old\n", b"x\nmatch\n"], keywords=(b"match",), before=2, order=Order.NEWEST)
    origins = [batch.origins[index].file for batch in out.batches for index in batch.origin_of_each()]
    offsets = [offset for batch in out.batches for offset in batch.offsets or []]
    assert list(zip(out.lines, origins, offsets, strict=True)) == [
        (b"match", "app.log", 2),
        (b"x", "app.log", 0),
        (b"old", "app.log.1", 0),
    ]


EVENT = st.tuples(st.sampled_from([b"one", b"two", b"one two"]), st.lists(st.sampled_from([b" at two", b"", b" x"])))
EVENTS = st.lists(EVENT, min_size=1, max_size=12).map(
    lambda events: [[stamped(number, head), *rest[:4]] for number, (head, rest) in enumerate(events)]
)


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.integers(0, 60), SIZES, ORDERS, st.none() | st.integers(1, 5))
async def test_an_event_matches_across_its_lines_and_comes_whole(
    events: list[list[bytes]], border: int, sizes: tuple[int, ...], order: Order, n: int | None
) -> None:
    """Also where it reaches over the border of two files."""
    lines = [line for event in events for line in event]
    assume(not lines[border:] or any(line[:1].isdigit() for line in lines[border:]))  # else a file without any time
    parts = [joined(lines[:border]), joined(lines[border:])]
    expected = [b"\n".join(event) for event in events]
    wanted = [event for event in in_order(expected, order) if b"one" in event and b"two" in event]
    asked: dict[str, Any] = {"unit": Unit.EVENT, "order": order, "n": n}
    out, _ = await answer(parts, sizes, keywords=(b"one", b"two"), **asked)
    assert out.records() == wanted[:n]
    out, _ = await answer(parts, sizes, regex=(b"one.*two",), **asked)
    assert out.records() == [event for event in wanted if event.index(b"one") < event.rindex(b"two")][:n]


async def test_events_at_the_same_place_of_two_files_are_told_apart() -> None:
    parts = [joined([stamped(0, b"one two")]), joined([stamped(1, b"one"), stamped(2, b"one")])]
    out, _ = await answer(parts, keywords=(b"one", b"two"), unit=Unit.EVENT, order=Order.OLDEST)
    assert out.records() == [stamped(0, b"one two")]


@settings(max_examples=60, deadline=None)
@given(EVENTS, SIZES, ORDERS)
async def test_events_have_events_for_context(events: list[list[bytes]], sizes: tuple[int, ...], order: Order) -> None:
    lines = [line for event in events for line in event]
    out, _ = await answer(
        [joined(lines)], sizes, keywords=(b" at two",), unit=Unit.EVENT, before=1, after=1, order=order
    )
    whole = in_order([b"\n".join(event) for event in events], order)
    near = [i for i, _ in enumerate(whole) if any(b" at two" in event for event in whole[max(0, i - 1) : i + 2])]
    assert out.records() == [whole[i] for i in near]


async def test_a_stack_trace_is_found_by_two_words_on_different_lines_of_it() -> None:
    text = (
        b"2026-11-23 10:00:00 INFO started\n"
        b"2026-11-23 10:00:01 ERROR request failed\n"
        b"Traceback (most recent call last):\n"
        b'  File "shop.py", line 7, in pay\n'
        b"ConnectionRefusedError: refused by db-2\n"
        b"2026-11-23 10:00:02 INFO refused nothing\n"
    )
    out, _ = await answer([text], (40,), unit=Unit.EVENT, keywords=(b"request", b"db-2"))
    assert out.records() == [text[text.index(b"2026-11-23 10:00:01") : text.index(b"\n2026-11-23 10:00:02")]]


@settings(max_examples=100, deadline=None)
@given(st.data(), SIZES, ORDERS, CONTEXT)
async def test_a_range_of_time_holds_the_lines_whose_times_lie_in_it(
    data: st.DataObject, sizes: tuple[int, ...], order: Order, context: int
) -> None:
    times = sorted(data.draw(st.lists(st.integers(0, 30), min_size=1, max_size=30)))
    since, until = data.draw(st.tuples(st.integers(-1, 31), st.integers(-1, 32)).filter(lambda pair: pair[0] < pair[1]))
    lines = [b"%d %b" % (FIRST + time, b"match" if number % 3 else b"a") for number, time in enumerate(times)]
    inside = in_order([line for line, time in zip(lines, times, strict=True) if since <= time < until], order)
    out, outcome = await answer(
        [joined(lines)],
        sizes,
        keywords=(b"match",),
        order=order,
        before=context,
        after=context,
        since=(FIRST + since) * 10**9,
        until=(FIRST + until) * 10**9,
    )
    assert out.lines == [row for row in grep(inside, f"-C{context}") if row != b"--"]
    assert outcome.complete


async def test_a_file_that_cannot_be_read_leaves_the_others_and_is_named() -> None:
    def fail() -> int:
        raise PermissionError(13, "Permission denied")

    files = [found("app.log", b"new\n"), Found("app.log.1", 9, MODIFIED, fail), found("app.log.2", b"old\n")]
    out = Collected()
    source = LogSource("app.log", files, DiskThreads(inline=True), ReadOptions(host="web-1", zone=UTC))
    outcome = await source.pump(Query.of(files=("app.log",)), out)
    assert out.lines == [b"new", b"old"]
    assert (outcome.status, outcome.message) == (Status.PERMISSION_DENIED, "permission denied: app.log.1")


async def test_what_is_noted_of_files_is_told_ahead_and_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = ScanSetup.begin

    def noting(setup: ScanSetup, file: Generation, *arguments: Any) -> FileScan:
        if not setup.named:
            setup.notes.add(NoteKind.TIMES, file.name)
        return begin(setup, file, *arguments)

    monkeypatch.setattr(ScanSetup, "begin", noting)
    files = [found("app.log", b"new\n"), found("app.log.1", b"old\n")]
    options = ReadOptions(host="web-1", zone=UTC)
    for named in (True, False):
        out = Collected()
        source = LogSource("app.log", files, DiskThreads(inline=True), options, named=named)
        outcome = await source.pump(Query.of(files=("*",)), out)
        both = Note("times", ("app.log", "app.log.1"), 2)
        assert outcome.notes == (() if named else (both,))
        assert outcome.complete
        told = [batch.notes for batch in out.batches if batch.notes]
        assert told == ([] if named else [(Note("times", ("app.log",), 1),), (both,)])


async def test_an_empty_file_is_not_noted_where_lines_are_counted() -> None:
    for content in (b"", b"no time\n"):
        options = ReadOptions(host="web-1", zone=UTC)
        source = LogSource("app.log", [found("app.log", content)], DiskThreads(inline=True), options)
        outcome = await source.pump(Query.of(files=("app.log",), hits=True), Collected())
        assert [note.kind for note in outcome.notes] == (["times"] if content else [])


async def test_a_file_that_a_glob_met_and_that_cannot_be_opened_for_want_of_rights_is_noted() -> None:
    def fail() -> int:
        raise Failure(Status.PERMISSION_DENIED, "permission denied: app.log.1")

    files = [found("app.log", b"new\n"), Found("app.log.1", 9, MODIFIED, fail), found("app.log.2", b"old\n")]
    for named in (True, False):
        out = Collected()
        options = ReadOptions(host="web-1", zone=UTC)
        source = LogSource("app.log", files, DiskThreads(inline=True), options, named=named)
        outcome = await source.pump(Query.of(files=("*",)), out)
        assert out.lines == [b"new", b"old"]
        assert outcome.complete is not named
        assert outcome.notes == (() if named else (Note("unreadable", ("app.log.1",), 1),))


async def test_the_lines_of_an_event_and_its_context_are_merged_by_its_time() -> None:
    lines = [stamped(1, b"a"), stamped(2, b"match"), stamped(3, b"b"), stamped(9, b"c")]
    out, _ = await answer([joined(lines)], keywords=(b"match",), before=1, after=1)
    (batch,) = [batch for batch in out.batches if batch.count]
    assert [key // 10**9 - FIRST for key in batch.keys or []] == [2, 2, 2]
    assert [time // 10**9 - FIRST for time in batch.times or []] == [3, 2, 1]


@pytest.mark.parametrize("order", Order)
async def test_a_line_too_long_to_be_held_is_context_like_others(order: Order) -> None:
    lines = [b"match", b"x" * 4000, b"b"]
    options = ReadOptions(host="web-1", zone=UTC, sizes=(64,), max_line=100)
    source = LogSource("app.log", [found("app.log", joined(lines))], DiskThreads(inline=True), options)
    out = Collected()
    outcome = await source.pump(
        Query.of(files=("app.log",), keywords=(b"match",), after=1, places=True, order=order), out
    )
    assert out.lines == in_order([b"match", b"x" * 100], order)
    assert outcome.status is Status.RESOURCE_EXHAUSTED


class Rotating:
    """Files in a directory, rotated at the moment when the nth of them is opened."""

    def __init__(self, contents: list[bytes], at: int, directory: Path) -> None:
        self._at = at
        self._directory = directory
        self._opened = 0
        for number, content in enumerate(contents):
            self._path(number).write_bytes(content)

    def _path(self, number: int) -> Path:
        return self._directory / (f"app.log.{number}" if number else "app.log")

    def files(self) -> list[Found]:
        found: list[Found] = []
        while (path := self._path(len(found))).exists():
            status = path.stat()
            identity = status.st_dev, status.st_ino
            found.append(Found(path.name, status.st_size, status.st_mtime_ns, partial(self._open, path), identity))
        return found

    def _open(self, path: Path) -> int:
        self._opened += 1
        if self._opened == self._at:
            self._rotate()
        return os.open(path, os.O_RDONLY)

    def _rotate(self) -> None:
        for number in range(len(self.files()) - 1, -1, -1):
            self._path(number).rename(self._path(number + 1))
        self._path(0).write_bytes(b"newer\n")


class Truncating(Rotating):
    """Files of which the newest is truncated at the nth opening or read, and copied before if `copies` is true."""

    def __init__(self, contents: list[bytes], at: int, directory: Path, *, at_read: int = 0) -> None:
        super().__init__(contents, at, directory)
        self._at_read = at_read
        self._reads = 0
        self.copies = True

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        self._reads += 1
        if self._reads == self._at_read:
            self._rotate()
        return os.pread(descriptor, size, offset)

    def _rotate(self) -> None:
        for number in range(len(self.files()) - 1, 0, -1):
            self._path(number).rename(self._path(number + 1))
        if self.copies:
            self._path(1).write_bytes(self._path(0).read_bytes())
        self._path(0).write_bytes(b"newer\n")


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_files_that_are_rotated_while_they_are_read_are_read_once_each(
    order: Order, at: int, tmp_path: Path
) -> None:
    rotating = Rotating([b"5\n6\n", b"3\n4\n", b"1\n2\n"], at, tmp_path)
    options = ReadOptions(host="web-1", zone=UTC)
    source = LogSource("app.log", rotating.files(), DiskThreads(inline=True), options, rotating.files)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",), order=order), out)
    expected = in_order([b"1", b"2", b"3", b"4", b"5", b"6"], order)
    if order is Order.NEWEST and at == 1:
        expected = [b"newer", *expected]
    if order is Order.OLDEST:
        expected = [*expected, b"newer"]
    assert out.lines == expected
    assert outcome.complete


class Renaming(Rotating):
    """Files of which the newest is renamed to a dated name, and replaced a moment later."""

    def files(self) -> list[Found]:
        names = sorted((path.name for path in self._directory.iterdir()), reverse=True)
        live = [name for name in names if name == "app.log"]
        return [self._found(name) for name in [*live, *(name for name in names if name != "app.log")]]

    def _found(self, name: str) -> Found:
        path = self._directory / name
        status = path.stat()
        identity = status.st_dev, status.st_ino
        return Found(name, status.st_size, status.st_mtime_ns, partial(self._open, path), identity)

    def _path(self, number: int) -> Path:
        return self._directory / (f"app.log-2026120{9 - number}" if number else "app.log")

    def _open(self, path: Path) -> int:
        try:
            return super()._open(path)
        except OSError as error:  # as files below a root are opened
            raise failure_of(error, path.name) from error

    def _rotate(self) -> None:
        self._path(0).rename(self._directory / "app.log-20261209")


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("at", [1, 2, 3])
async def test_a_file_that_is_renamed_before_it_is_opened_is_read_under_its_new_name(
    order: Order, at: int, tmp_path: Path
) -> None:
    renaming = Renaming([b"5\n6\n", b"3\n4\n", b"1\n2\n"], at, tmp_path)
    options = ReadOptions(host="web-1", zone=UTC)
    source = LogSource("app.log", renaming.files(), DiskThreads(inline=True), options, renaming.files)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",), order=order), out)
    assert out.lines == in_order([b"1", b"2", b"3", b"4", b"5", b"6"], order)
    assert (outcome.status, outcome.message) == (Status.OK, "")


async def test_a_file_that_is_listed_and_never_there_is_named(tmp_path: Path) -> None:
    renaming = Renaming([b"5\n6\n", b"3\n4\n"], 0, tmp_path)
    listed = renaming.files()
    (tmp_path / "app.log").unlink()
    source = LogSource("app.log", listed, DiskThreads(inline=True), ReadOptions(host="web-1", zone=UTC), lambda: listed)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",)), out)
    assert out.lines == [b"4", b"3"]
    assert (outcome.status, outcome.message) == (Status.NOT_FOUND, "no such file: app.log")


async def test_a_log_that_is_gone_when_its_files_are_listed_anew_is_named(tmp_path: Path) -> None:
    renaming = Renaming([b"5\n6\n"], 0, tmp_path)
    listed = renaming.files()
    (tmp_path / "app.log").unlink()
    options = ReadOptions(host="web-1", zone=UTC)
    source = LogSource("app.log", listed, DiskThreads(inline=True), options, renaming.files)
    outcome = await source.pump(Query.of(files=("app.log",)), Collected())
    assert (outcome.status, outcome.message) == (Status.NOT_FOUND, "no such file: app.log")


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("when", ["opened", "read"])
async def test_a_file_that_is_copied_and_truncated_while_it_is_read_is_read_in_its_copy(
    when: str, order: Order, at: int, tmp_path: Path
) -> None:
    lines = [b"%d" % number for number in range(60)]
    contents = [joined(lines[40:]), joined(lines[20:40]), joined(lines[:20])]
    at_read = at if when == "read" else 0
    files = Truncating(contents, 0 if at_read else at, tmp_path, at_read=at_read)
    options = ReadOptions(host="web-1", zone=UTC, sizes=(16,), read=files.read)
    source = LogSource("app.log", files.files(), DiskThreads(inline=True), options, files.files)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",), order=order, places=True), out)
    begun = order is Order.NEWEST and not (when == "opened" and at == 1)
    expected = lines if begun or (when == "opened" and at > 4) else [*lines, b"newer"]
    assert out.lines == in_order(expected, order)
    assert outcome.complete


async def test_without_a_copy_a_file_that_is_written_over_while_it_is_read_is_a_loss(tmp_path: Path) -> None:
    files = Truncating([b"1\n" * 20], 0, tmp_path, at_read=2)
    files.copies = False
    options = ReadOptions(host="web-1", zone=UTC, sizes=(16,), read=files.read)
    source = LogSource("app.log", files.files(), DiskThreads(inline=True), options, files.files)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",)), out)
    assert set(out.lines) == {b"1"}
    assert outcome.status is Status.DATA_LOSS
    assert outcome.message == (
        "app.log: was truncated or overwritten while it was read, and no copy of it was found; lines may be missing"
    )


@pytest.mark.parametrize("kind", [Rotating, Truncating])
@pytest.mark.parametrize("order", Order)
async def test_what_goes_on_in_a_file_that_is_rotated_before_it_is_opened_goes_on_there(
    order: Order, kind: type[Rotating], tmp_path: Path
) -> None:
    first = kind([b"3\n4\n", b"1\n2\n"], 0, tmp_path)
    options = ReadOptions(host="web-1", zone=UTC)
    page = Collected()
    source = LogSource("app.log", first.files(), DiskThreads(inline=True), options, first.files)
    await source.pump(Query.of(files=("app.log",), order=order, n=3 if order is Order.OLDEST else 1, places=True), page)
    position = page.batches[-1].positions[-1]
    opens = 2 if order is Order.OLDEST else 3  # the first is to find the position
    files = kind([b"3\n4\n", b"1\n2\n"], opens, tmp_path)
    source = LogSource("app.log", files.files(), DiskThreads(inline=True), options, files.files)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",), order=order, places=True, positions=(position,)), out)
    assert outcome.complete
    lines = [*page.lines, *out.lines]
    assert lines == in_order([b"1", b"2", b"3", b"4"], order) + ([b"newer"] if order is Order.OLDEST else [])


KINDS = st.sampled_from([None, *PACK])
TIMED = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([b"match", b"a", b" at match", b"x" * 90])), max_size=40)


def timed_lines(steps: list[tuple[int, bytes]]) -> list[bytes]:
    """Lines with ascending times, some without one."""
    times = accumulate(step for step, _ in steps)
    return [text if text[:1] == b" " else stamped(time, text) for time, (_, text) in zip(times, steps, strict=True)]


@settings(max_examples=150, deadline=None)
@given(TIMED, st.integers(0, 40), st.integers(0, 40), st.tuples(KINDS, KINDS), SIZES, st.data())
async def test_packed_files_answer_like_plain_ones(
    steps: list[tuple[int, bytes]],
    one: int,
    other: int,
    kinds: tuple[Compression | None, Compression | None],
    sizes: tuple[int, ...],
    data: st.DataObject,
) -> None:
    lines = timed_lines(steps)
    first, second = sorted((one, other))
    parts = [joined(lines[:first]), joined(lines[first:second]), joined(lines[second:])]
    packed = [part if kind is None else PACK[kind](part) for part, kind in zip(parts, (*kinds, None), strict=True)]
    asked = data.draw(
        st.fixed_dictionaries(
            {"order": ORDERS},
            optional={
                "keywords": st.just((b"match",)),
                "n": st.integers(1, 9),
                "before": CONTEXT,
                "after": CONTEXT,
                "unit": st.sampled_from(Unit),
                "since": st.integers(0, 60).map(lambda second: (FIRST + second) * 10**9),
            },
        )
    )
    assume(all(not part or part[:1].isdigit() for part in parts))  # else its first lines have the time of later ones
    plain, _ = await answer(parts, (1000,), **asked)
    out, outcome = await answer(packed, sizes, **asked)
    assert out.lines == plain.lines
    assert outcome.complete


@settings(max_examples=100, deadline=None)
@given(TIMED, st.sampled_from(list(PACK)), SIZES, st.integers(1, 500), st.integers(1, 30), st.data())
async def test_lines_picked_from_an_archive_have_the_times_and_places_of_a_plain_file(
    steps: list[tuple[int, bytes]],
    kind: Compression,
    sizes: tuple[int, ...],
    kept: int,
    max_line: int,
    data: st.DataObject,
) -> None:
    """Whatever little room there is, so that several passes are needed, and however long a line may be."""
    asked = data.draw(
        st.fixed_dictionaries(
            {"places": st.booleans(), "times": st.booleans()},
            optional={
                "keywords": st.just((b"match",)),
                "n": st.integers(1, 9),
                "since": st.integers(0, 60).map(lambda second: (FIRST + second) * 10**9),
                "max_bytes": st.integers(1, 300),
            },
        )
    )
    text = joined([stamped(0, b"match"), *timed_lines(steps)])
    options = ReadOptions(host="web-1", zone=UTC, sizes=sizes, kept=kept, max_line=max_line)
    answers = []
    for content in (text, PACK[kind](text)):
        source = LogSource("app.log", [found("app.log", content)], DiskThreads(inline=True), options)
        out = Collected()
        outcome = await source.pump(Query.of(files=("app.log",), **asked), out)
        times = [time for batch in out.batches for time in batch.times or ()]
        offsets = [offset for batch in out.batches for offset in batch.offsets or ()]
        places = [batch.positions[0].offset for batch in out.batches if batch.positions][-1:]
        answers.append(
            (out.lines, times, offsets, [] if "max_bytes" in asked else places, outcome.status, outcome.message)
        )
    assert answers[0] == answers[1]


@pytest.mark.parametrize("order", Order)
async def test_context_of_a_match_reaches_into_an_archive_without_one(order: Order) -> None:
    lines = [b"a%d" % number for number in range(6)] + [b"match"] + [b"b%d" % number for number in range(6)]
    parts = [
        PACK[Compression.GZIP](joined(lines[:6])),
        PACK[Compression.GZIP](joined(lines[6:7])),
        PACK[Compression.GZIP](joined(lines[7:])),
    ]
    out, outcome = await answer(parts, keywords=(b"match",), before=2, after=2, order=order)
    assert out.lines == in_order(lines[4:9], order)
    assert outcome.complete


@pytest.mark.parametrize("order", Order)
async def test_an_event_without_a_time_at_the_very_end_is_timed_all_the_same(order: Order) -> None:
    """It waits until there is no more to come, and then takes the time of the lines near it."""
    text = b" at match\n" + stamped(1, b"a") + b"\n"
    out, outcome = await answer([text], keywords=(b"match",), unit=Unit.EVENT, order=order)
    assert (out.lines, outcome.status) == ([b" at match"], Status.OK)
    assert [time // 10**9 - FIRST for batch in out.batches for time in batch.times or []] == [1]


@pytest.mark.parametrize("order", Order)
async def test_context_reaches_over_archives_in_which_nothing_matches(order: Order) -> None:
    """Through one of few lines as a whole, and from the end of another."""
    lines = [stamped(number, b"match" if number in (1, 60) else b"a") for number in range(61)]
    parts = [lines[:2], lines[2:5], lines[5:58], lines[58:60], lines[60:]]
    packed = [
        joined(part) if number in (0, 4) else PACK[Compression.ZSTD](joined(part)) for number, part in enumerate(parts)
    ]
    out, _ = await answer(packed, (64,), keywords=(b"match",), before=9, after=9, order=order)
    assert out.lines == in_order([*lines[:11], *lines[51:]], order)


async def test_what_waits_when_the_nth_event_is_there_is_left_alone() -> None:
    """The file is closed by then, and could not tell its time."""
    newest = joined([b" of an event before"] * 3 + [stamped(5, b"match"), b" more"])
    out, outcome = await answer([b"older\n", newest], keywords=(b"match",), unit=Unit.EVENT, n=1)
    assert (out.records(), outcome.status) == ([stamped(5, b"match") + b"\n more"], Status.OK)
    assert out.batches[-1].positions[-1].offset == len(b" of an event before\n" * 3)


async def test_a_damaged_archive_gives_what_could_be_read_and_says_so() -> None:
    whole = PACK[Compression.GZIP](joined([b"line %d match" % number for number in range(20000)]))
    out, outcome = await answer([b"older\n", whole[: len(whole) // 2], b"newest match\n"], (4096,))
    assert out.lines[0] == b"newest match"
    assert out.lines[-1] == b"older"
    assert len(out.lines) > 5000
    assert outcome.status is Status.DATA_LOSS
    assert "app.log.1: damaged after" in outcome.message


async def test_a_long_line_of_an_archive_is_matched_whole_and_sent_cut() -> None:
    text = b"first\n" + b"x" * 300_000 + b"match\nlast\n"
    for order in Order:
        options = ReadOptions(host="web-1", zone=UTC, max_line=100)
        source = LogSource(
            "app.log", [found("app.log.gz", PACK[Compression.GZIP](text))], DiskThreads(inline=True), options
        )
        out = Collected()
        await source.pump(Query.of(files=("app.log",), keywords=(b"xmatch",), order=order), out)
        assert out.lines == [b"x" * 100]


async def test_a_range_that_excludes_a_file_never_opens_it_twice(tmp_path: Path) -> None:
    """Plain or packed, too old or too new; nor at all, if it was last written to long before."""
    hours = [joined([stamped(3600 * hour + number, b"match") for number in range(50)]) for hour in range(4)]
    contents = [PACK[Compression.GZIP](hours[0]), hours[1], PACK[Compression.ZSTD](hours[2]), hours[3]]
    opened: list[str] = []
    paths = [tmp_path / f"app.log.{3 - number}" for number in range(4)]
    files = [watched(path, content, opened) for path, content in zip(paths, contents, strict=True)][::-1]
    options = ReadOptions(host="web-1", zone=UTC)
    source = LogSource("app.log", files, DiskThreads(inline=True), options)
    query = Query.of(files=("app.log",), since=(FIRST + 3600) * 10**9, until=(FIRST + 3700) * 10**9)
    for _ in range(2):
        opened.clear()
        out = Collected()
        await source.pump(query, out)
        assert out.lines == hours[1].splitlines()[::-1]
    assert opened == ["app.log.2"]


def watched(path: Path, content: bytes, opened: list[str]) -> Found:
    path.write_bytes(content)
    status = path.stat()

    def open_file() -> int:
        opened.append(path.name)
        return os.open(path, os.O_RDONLY)

    return Found(path.name, status.st_size, status.st_mtime_ns, open_file, (status.st_dev, status.st_ino))


MANY_LINES = joined([b"line %d" % number for number in range(20_000)])


async def pumped(*files: Found, **asked: Any) -> tuple[Collected, Outcome]:
    out = Collected()
    source = LogSource(
        "app.log", files, DiskThreads(inline=True), ReadOptions(host="web-1", zone=UTC, life_bytes=50_000)
    )
    return out, await source.pump(Query.of(files=("app.log",), **asked), out)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("kind", list(PACK))
async def test_unpacking_is_a_stage_of_its_own(kind: Compression, order: Order) -> None:
    _, outcome = await pumped(found("app.log.1.gz", PACK[kind](MANY_LINES)), order=order)
    assert set(outcome.timings) == {"open", "scan", "decompress"}
    assert min(outcome.timings.values()) > 0


@pytest.mark.parametrize("stage", ["decompress", "seek"])
async def test_stages_that_did_not_occur_are_not_told_of(stage: str) -> None:
    _, outcome = await pumped(found("app.log", MANY_LINES), since=MODIFIED + 10**18)
    assert stage not in outcome.timings


async def test_looking_for_a_time_is_a_stage_of_its_own() -> None:
    _, outcome = await pumped(found("app.log", stamped(1, b"a\n")), since=FIRST * 10**9)
    assert set(outcome.timings) == {"open", "scan", "seek"}
    assert min(outcome.timings.values()) > 0


@pytest.mark.parametrize("order", Order)
async def test_an_archive_is_planned_for_by_a_guess_and_all_of_its_text_counts_as_scanned(order: Order) -> None:
    packed = PACK[Compression.ZSTD](MANY_LINES)
    out, outcome = await pumped(
        found("app.log", b"line\n"), found("app.log.1.zst", packed), keywords=(b"no",), order=order
    )
    assert out.batches[0].planned == 5 + COMPRESSION_RATIO * len(packed)
    assert sum(batch.scanned for batch in out.batches) == outcome.bytes_scanned == 5 + len(MANY_LINES)


@pytest.mark.parametrize("order", Order)
async def test_an_archive_that_was_larger_than_guessed_is_planned_for_afterwards(order: Order) -> None:
    text = b"the same line\n" * 20_000
    out, outcome = await pumped(found("app.log.1.gz", PACK[Compression.GZIP](text)), keywords=(b"no",), order=order)
    assert sum(batch.planned for batch in out.batches) == outcome.bytes_scanned == len(text)


async def test_an_event_that_goes_on_into_an_empty_file_keeps_its_time_and_its_place() -> None:
    out, _ = await answer([stamped(7, b"match") + b"\n more\n", b""], unit=Unit.EVENT, order=Order.OLDEST)
    assert out.records() == [stamped(7, b"match") + b"\n more"]
    assert [time // 10**9 - FIRST for batch in out.batches for time in batch.times or []] == [7, 7]
    last = [position for batch in out.batches for position in batch.positions][-1]
    assert last.offset == len(stamped(7, b"match") + b"\n more\n")


async def test_what_is_named_an_archive_and_is_none_is_a_loss_unless_it_is_text() -> None:
    options = ReadOptions(host="web-1", zone=UTC)
    for content, lines, status in (
        (b"\x8f\0\xc1\n" * 99, [b"new"], Status.DATA_LOSS),
        (b"old\n", [b"new", b"old"], Status.OK),
    ):
        files = [found("app.log", b"new\n"), found("app.log.1.gz", content)]
        out = Collected()
        outcome = await LogSource("app.log", files, DiskThreads(inline=True), options).pump(
            Query.of(files=("app.log",)), out
        )
        assert (out.lines, outcome.status) == (lines, status)
    assert outcome.message == ""


@pytest.mark.parametrize("asked", [{"keywords": (b"match",)}, {"order": Order.OLDEST, "keywords": (b"match",)}, {}])
async def test_a_batch_ends_when_others_wait_and_the_next_goes_on_there(asked: dict[str, Any]) -> None:
    lines = [b"match %d" % number if number % 10 == 9 else b"line %d" % number for number in range(100)]
    options = ReadOptions(host="web-1", zone=UTC, sizes=(50,))
    query = Query.of(files=("app.log",), **asked)
    session = Session(query, "app.log", [found("app.log", joined(lines))], options, again=tuple, check_cancelled=bool)
    batches = []
    while not session.ended:
        batches.append(session.next_batch(lambda: True))
    session.close()
    wanted = [line for line in lines if b"match" in line or not asked]
    assert [line for batch in batches for line in batch.lines()] == in_order(wanted, query.form.order)
    assert len(batches) > 15
