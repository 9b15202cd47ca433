"""All lines of a range of time lie within the bounds found by bisection, and a file without order is noticed."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.outcome import Failure
from logagent.core.times.judgement import Judgement
from logagent.core.times.locating import SEEN
from logagent.core.times.stamper import Stamper
from logagent.disk.files.blocks import Read
from logagent.disk.files.reader import Reader
from logagent.disk.times.bisection import LATE, MARGIN, PROBE, TOLERANCE, Bounds, bounds
from logagent.disk.times.stamping import NEAR, PAGE, FileTimes
from testbed.reading import file_of

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def ns(text: str) -> int:
    """Nanoseconds of an ISO time."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1) * 1000


NOON = ns("2026-03-01T12:00:00Z")
MODIFIED = ns("2026-04-01T00:00:00Z")


class Log:
    """A file with these lines, line breaks included, and what is true about it."""

    def __init__(self, lines: Sequence[bytes], zone: tzinfo = UTC, modified: int = MODIFIED) -> None:
        self.zone, self.modified = zone, modified
        self.lines = lines
        self.starts = [*accumulate(map(len, lines), initial=0)]
        stamper = Stamper(zone, modified)
        self.times = resolved([stamper.stamp(line.rstrip(b"\r\n")) for line in lines])
        self._judgement: Judgement | None = None  # made once, as agents keep it while a file stays the same

    def wanted(self, since: int | None, until: int | None) -> list[int]:
        """Where the lines of a range begin, by looking at all of them."""
        return [
            start
            for start, time in zip(self.starts, self.times, strict=False)
            if (since is None or since <= time) and (until is None or time < until)
        ]

    def bounds(self, since: int | None, until: int | None, *, probe: int = 64, margin: int = 0) -> Bounds:
        descriptor = os.memfd_create("log")
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(b"".join(self.lines))
            reader = Reader(descriptor, "app.log")
            stamping = FileTimes(reader, self.zone, self.modified, self._judgement)
            self._judgement = stamping.found
            return bounds(reader, stamping, since, until, zone=self.zone, small=0, probe=probe, margin=margin)
        finally:
            os.close(descriptor)

    def check(self, since: int | None, until: int | None, *, probe: int = 64, margin: int = 0) -> Bounds:
        """No line of the range is outside of the bounds, and they are where lines begin."""
        found = self.bounds(since, until, probe=probe, margin=margin)
        assert all(found.begin <= start < found.end for start in self.wanted(since, until))
        assert {found.begin, found.end} <= set(self.starts)
        return found


def asked(
    descriptor: int,
    since: int | None,
    until: int | None,
    *,
    read: Read = os.pread,
    **sizes: int,
) -> Bounds:
    reader = Reader(descriptor, "app.log", read=read)
    return bounds(reader, FileTimes(reader, UTC, MODIFIED), since, until, zone=UTC, **sizes)


def resolved(stamps: Sequence[int | None]) -> list[int]:
    """Each line's time: its own, else that of the line before it; before the first one, that."""
    last = next(stamp for stamp in stamps if stamp is not None)
    return [last := stamp if stamp is not None else last for stamp in stamps]


def iso(time: int, text: bytes = b"line", zone: tzinfo = UTC) -> bytes:
    moment = datetime.fromtimestamp(time // SECOND, zone).replace(tzinfo=None)
    return b"%b.%09d%b %b\n" % (moment.isoformat().encode(), time % SECOND, b"Z" if zone is UTC else b"", text)


def ascending(count: int, step: int = SECOND, begin: int = NOON) -> list[bytes]:
    return [iso(begin + number * step) for number in range(count)]


def every_range(log: Log, count: int = 40) -> Iterator[tuple[int | None, int | None]]:
    """Ranges that begin and end at times that occur, beside them, and outside."""
    chance = random.Random(1)
    edges = [*log.times, min(log.times) - DAY, max(log.times) + DAY]
    for _ in range(count):
        since, until = sorted(chance.choice(edges) + chance.choice((-1, 0, 1)) for _ in range(2))
        yield from ((since, until), (since, None), (None, until))


steps = st.sampled_from([0, 0, 0, 1, SECOND // 2, SECOND, 10 * SECOND, 3 * HOUR])
endings = st.sampled_from([b"\n", b"\r\n"])
followers = st.lists(st.sampled_from([b"", b"  at x.y", b"  at " + b"z" * 300]), max_size=4)


@st.composite
def logs(draw: st.DrawFn, disorder: Callable[[st.DrawFn, list[int]], list[int]]) -> Log:
    """A log whose times would ascend but for some disorder, with lines between them that have none."""
    times = [NOON + offset for offset in accumulate(draw(st.lists(steps, min_size=1, max_size=40)))]
    ending = draw(endings)
    lines = [line + ending for line in draw(followers)]
    for time in disorder(draw, times):
        text = draw(st.sampled_from([b"", b"line", b"x" * 200]))
        lines += [iso(time, text)[:-1] + ending, *(line + ending for line in draw(followers))]
    if draw(st.booleans()):
        lines[-1] = lines[-1].rstrip(b"\r\n") or b"end"
    return Log(lines)


def late(draw: st.DrawFn, times: list[int]) -> list[int]:
    """Each line up to `LATE` late, wherever it stands."""
    delays = st.sampled_from([0, 0, 1, LATE // 2, LATE])
    return [time - draw(delays) for time in times]


def shuffled_nearby(draw: st.DrawFn, times: list[int]) -> list[int]:
    """Some lines changed places with their neighbours, if they are no further apart than is tolerated."""
    times = list(times)
    place = 0
    while place < len(times) - 1:
        if times[place + 1] - times[place] <= TOLERANCE and draw(st.booleans()):
            times[place], times[place + 1] = times[place + 1], times[place]
            place += 1
        place += 1
    return times


@st.composite
def edges(draw: st.DrawFn, log: Log) -> tuple[int | None, int | None]:
    edge = st.one_of(
        st.none(),
        st.tuples(st.sampled_from(log.times), st.sampled_from([-1, 0, 1])).map(sum),
        st.sampled_from([NOON - DAY, NOON + 1000 * DAY]),
    )
    return draw(edge), draw(edge)


@settings(max_examples=700, deadline=None)
@given(st.data(), logs(late), st.integers(16, 400), st.integers(0, 400))
def test_no_line_of_a_range_is_outside_whatever_stands_between_them(
    data: st.DataObject, log: Log, probe: int, margin: int
) -> None:
    found = log.check(*data.draw(edges(log)), probe=probe, margin=margin)
    assert not found.jumped


@settings(max_examples=500, deadline=None)
@given(st.data(), logs(shuffled_nearby), st.integers(16, 400))
def test_lines_that_are_later_than_usual_are_found_within_the_margin(data: st.DataObject, log: Log, probe: int) -> None:
    nearby = max(b - a for a, b in zip(log.starts, [*log.starts[12:], *[log.starts[-1]] * 12], strict=False))
    found = log.check(*data.draw(edges(log)), probe=probe, margin=nearby)
    assert not found.jumped


@settings(max_examples=300, deadline=None)
@given(st.data(), logs(lambda draw, times: times), st.integers(400, 800))
def test_bounds_are_no_wider_than_the_lateness_allowed_for(data: st.DataObject, log: Log, probe: int) -> None:
    since, until = data.draw(edges(log))
    found = log.bounds(since, until, probe=probe)
    allowed = log.wanted(None if since is None else since - LATE, None if until is None else until + LATE)
    inside = [start for start in log.starts[:-1] if found.begin <= start < found.end]
    assert set(inside) - set(header(log)) <= set(allowed)


def header(log: Log) -> list[int]:
    """The lines before the first time, which are always taken along with it or with the file's beginning."""
    first = next(n for n, line in enumerate(log.lines) if line.startswith(b"2026"))
    return log.starts[:first]


@settings(max_examples=300, deadline=None)
@given(st.data(), logs(late), st.integers(16, 400))
def test_the_times_that_lines_are_told_by_afterwards_are_those(data: st.DataObject, log: Log, probe: int) -> None:
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, b"".join(log.lines))
        stamping = FileTimes(Reader(descriptor, "app.log"), UTC, MODIFIED)
        lines = [line.removesuffix(b"\n") for line in log.lines]
        assert stamping.times(log.starts[:-1], lines) == log.times
    finally:
        os.close(descriptor)


def test_ten_thousand_lines_with_one_time_are_found_from_the_first_to_the_last() -> None:
    run = [iso(NOON + DAY)] * 10_000
    log = Log([*ascending(5000), *run, *ascending(5000, begin=NOON + 2 * DAY)])
    first, behind = log.starts[5000], log.starts[15_000]
    assert log.check(NOON + DAY, NOON + DAY + 1, probe=1024) == Bounds(first, behind, False)
    assert log.check(NOON + DAY + 1, None, probe=1024).begin in (first, behind)
    assert log.check(None, NOON + DAY, probe=1024).end in (first, behind)


def test_a_whole_file_with_one_time() -> None:
    log = Log([iso(NOON)] * 10_000)
    size = log.starts[-1]
    assert log.check(NOON, NOON + 1, probe=1024) == Bounds(0, size, False)
    assert log.check(NOON + DAY, None, probe=1024) == Bounds(size, size, False)
    assert log.check(None, NOON - DAY, probe=1024) == Bounds(0, 0, False)


def test_stack_traces_longer_than_many_pages_belong_to_the_line_above() -> None:
    trace = [b"\tat com.example.Main.run(Main.java:123)\n"] * 500
    lines = [line for number in range(60) for line in (iso(NOON + number * HOUR), *trace)]
    log = Log(lines)
    for since, until in every_range(log):
        found = log.check(since, until, probe=128)
        assert not found.jumped
    found = log.bounds(NOON + 30 * HOUR, NOON + 31 * HOUR, probe=128)
    assert found.end - found.begin < 20 * len(b"".join(trace))


def test_lines_longer_than_many_pages() -> None:
    log = Log([iso(NOON + number * HOUR, b"x" * 5000) for number in range(200)])
    for since, until in every_range(log):
        assert not log.check(since, until, probe=128).jumped


def test_a_clock_set_back_by_an_hour_in_the_middle_is_noticed() -> None:
    log = Log([*ascending(4000), *ascending(4000, begin=NOON + 4000 * SECOND - HOUR)])
    size = log.starts[-1]
    for since, until in [(NOON, NOON + HOUR), (NOON + 2 * HOUR, None), (None, NOON + 60 * SECOND)]:
        assert log.check(since, until, probe=512) == Bounds(0, size, True)


def test_a_clock_a_year_ahead_for_a_while_is_noticed() -> None:
    log = Log([*ascending(4000), *ascending(900, begin=NOON + 365 * DAY), *ascending(4000, begin=NOON + 4900 * SECOND)])
    for since, until in [(NOON, NOON + HOUR), (NOON + 365 * DAY, None), (NOON + 5000 * SECOND, None)]:
        assert log.check(since, until, probe=512) == Bounds(0, log.starts[-1], True)


@pytest.mark.parametrize("jump", [-365 * DAY, 365 * DAY])
def test_a_jump_that_only_the_bisection_comes_across_is_noticed(jump: int) -> None:
    lines = ascending(20_000)
    lines[11_200:11_500] = ascending(300, begin=NOON + jump)
    log = Log(lines)
    assert log.check(NOON + 11_250 * SECOND, None, probe=512).jumped
    assert not log.bounds(NOON + 18_000 * SECOND, None, probe=512).jumped


def test_lines_too_far_from_a_time_before_them_are_found_with_the_time_after_them() -> None:
    dump = [b"x" * 1023 + b"\n"] * (NEAR * PAGE // 1024 + 100)
    log = Log([*ascending(1000), *dump, *ascending(1000, begin=NOON + DAY)])
    descriptor = os.memfd_create("log")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(b"".join(log.lines))
        stamping = FileTimes(Reader(descriptor, "app.log"), UTC, MODIFIED)
        times = stamping.times(log.starts[:-1], [line[:-1] for line in log.lines])
    finally:
        os.close(descriptor)
    first = times.index(NOON + DAY)
    assert first < 1000 + len(dump)
    assert log.check(NOON + DAY, None, probe=NEAR * PAGE).begin <= log.starts[first]


def test_a_single_line_with_another_time_in_a_page_that_is_looked_at_is_noticed() -> None:
    lines = ascending(2000)
    lines[3] = iso(NOON - 365 * DAY)
    assert Log(lines).bounds(NOON + 1000 * SECOND, None, probe=512).jumped


def test_two_writers_one_of_which_is_always_half_a_minute_late() -> None:
    lines = [iso(NOON + number * SECOND // 50 - number % 2 * 30 * SECOND) for number in range(20_000)]
    log = Log(lines)
    for since, until in every_range(log):
        assert not log.check(since, until).jumped
    found = log.bounds(NOON + 100 * SECOND, NOON + 101 * SECOND)
    assert 0 < found.begin < found.end < log.starts[-1]


def test_29_february() -> None:
    begin = ns("2024-02-28T00:00:00Z")
    log = Log([syslog(begin + number * 60 * SECOND) for number in range(3 * 1440)], modified=begin + 3 * DAY)
    assert log.lines[1440].startswith(b"Feb 29 00:00:00")
    found = log.check(ns("2024-02-29T00:00:00Z"), ns("2024-03-01T00:00:00Z") - LATE)
    assert found == Bounds(log.starts[1440], log.starts[2880], False)
    for since, until in every_range(log):
        assert not log.check(since, until).jumped


def test_new_year_without_years() -> None:
    begin = ns("2025-12-31T12:00:00Z")
    lines = [syslog(begin + number * 60 * SECOND) for number in range(1440)]
    log = Log(lines, modified=begin + DAY)
    assert log.times == [begin + number * 60 * SECOND for number in range(1440)]
    found = log.check(ns("2026-01-01T00:00:00Z"), None)
    assert found == Bounds(log.starts[720], log.starts[-1], False)
    for since, until in every_range(log):
        assert not log.check(since, until).jumped


def syslog(time: int) -> bytes:
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%b %e %H:%M:%S web app: line\n").encode()


def test_clocks_set_forward() -> None:
    begin = ns("2026-03-28T12:00:00Z")  # in Berlin two o'clock was three o'clock on the 29th
    log = Log([iso(begin + number * 60 * SECOND, zone=BERLIN) for number in range(1440)], zone=BERLIN)
    assert log.times == [begin + number * 60 * SECOND for number in range(1440)]
    for since, until in every_range(log):
        assert not log.check(since, until).jumped


@pytest.mark.parametrize("length", [90, 300, 6000, 60_000])
def test_clocks_set_back(length: int) -> None:
    """In Berlin three o'clock was two o'clock on 25 October 2026: an hour of wall clock comes twice, and means the
    first one. Where that is not noticed, the lines of both are found."""
    back, step = ns("2026-10-25T01:00:00Z"), 10 * SECOND
    begin = back - length * step // 2
    log = Log([iso(begin + number * step, zone=BERLIN) for number in range(length)], zone=BERLIN, modified=back + DAY)
    for minutes in range(-150, 90, 10):
        since = back + minutes * 60 * SECOND
        log.check(since, since + 300 * SECOND)
        log.check(since, None)
        log.check(None, since)


def test_zones_of_all_kinds_in_one_file() -> None:
    zones = [
        (timedelta(hours=5, minutes=30), b"+05:30"),
        (timedelta(0), b"Z"),
        (timedelta(hours=-8), b"-0800"),
        (timedelta(hours=1), b""),  # Berlin's, in winter
    ]
    times = [NOON + number * SECOND for number in range(4000)]
    lines = [
        b"%b%b line\n" % ((EPOCH + timedelta(seconds=t // SECOND) + ahead).replace(tzinfo=None).isoformat().encode(), z)
        for t, (ahead, z) in zip(times, zones * 1000, strict=True)
    ]
    log = Log(lines, zone=BERLIN)
    assert log.times == times
    for since, until in every_range(log):
        assert not log.check(since, until).jumped


def test_an_empty_range_and_open_ends_and_small_files_cost_no_reads() -> None:
    def fail(descriptor: int, count: int, offset: int) -> bytes:
        raise AssertionError("read")

    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, b"".join(ascending(100)))
        stamping = FileTimes(Reader(descriptor, "app.log"), UTC, MODIFIED)
        reader = Reader(descriptor, "app.log", read=fail)
        assert bounds(reader, stamping, None, None, small=0) == Bounds(0, reader.size, False)
        assert bounds(reader, stamping, NOON, NOON + 1) == Bounds(0, reader.size, False)
        assert bounds(reader, stamping, NOON, NOON, small=0) == Bounds(0, 0, False)
    finally:
        os.close(descriptor)


def test_a_file_is_bisected_only_if_it_is_larger_than_a_small_one() -> None:
    with file_of(b"".join(ascending(1000))) as descriptor:
        reader = Reader(descriptor, "app.log")
        stamping = FileTimes(reader, UTC, MODIFIED)

        def found(small: int) -> Bounds:
            return bounds(reader, stamping, None, NOON + 500 * SECOND, small=small, probe=64, margin=0)

        before, size = reader.bytes_read, reader.size
        assert found(size) == Bounds(0, size, False)
        assert reader.bytes_read == before
        assert found(size - 1).end < size
        assert reader.bytes_read > before


class Endless:
    """Reads of a file of lines of 128 bytes, one a millisecond, made up where they are read; and what is read."""

    LINE = 128

    def __init__(self, *, quiet: int = 1) -> None:
        self.reads: list[int] = []
        self._quiet = quiet  # one of so many lines has a time

    def __call__(self, descriptor: int, count: int, offset: int) -> bytes:
        self.reads.append(count)
        first, last = offset // self.LINE, (offset + count) // self.LINE
        text = b"".join(self._line(number) for number in range(first, last + 1))
        begin = offset - first * self.LINE
        return text[begin : begin + count]

    def _line(self, number: int) -> bytes:
        text = iso(NOON + number * SECOND // 1000)[:-1] if number % self._quiet == 0 else b"\tat x.y"
        return text.ljust(self.LINE - 1) + b"\n"


@contextmanager
def sparse(size: int) -> Iterator[int]:
    descriptor = os.memfd_create("log")
    try:
        os.ftruncate(descriptor, size)
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.49999, 0.5, 0.77, 0.999])
def test_five_minutes_of_4_gb_take_at_most_64_small_reads(share: float) -> None:
    read, lines = Endless(), (4 << 30) // Endless.LINE
    first = int(lines * share)
    since = NOON + first * SECOND // 1000
    with sparse(4 << 30) as descriptor:
        found = asked(descriptor, since, since + 300 * SECOND, read=read)
    spare = (LATE // SECOND) * 1000 * Endless.LINE
    begin, end = first * Endless.LINE - spare - MARGIN, (first + 300_000) * Endless.LINE + spare + MARGIN
    assert found == Bounds(max(0, begin), min(4 << 30, end), False)
    assert len(read.reads) <= 64
    assert max(read.reads[2:]) <= PROBE + SEEN + 1  # the first two are the sample that tells whether there are times


@pytest.mark.parametrize("quiet", [50, 500, 4000])
def test_stack_traces_of_many_kilobytes_widen_the_bounds_rather_than_take_more_reads(quiet: int) -> None:
    read, lines = Endless(quiet=quiet), (4 << 30) // Endless.LINE
    first = lines // 3
    since = NOON + first * SECOND // 1000
    with sparse(4 << 30) as descriptor:
        found = asked(descriptor, since, since + 300 * SECOND, read=read)
    assert found.begin <= (first - quiet) * Endless.LINE
    assert found.end >= (first + 300_000) * Endless.LINE
    assert found.end - found.begin < 300 << 20
    assert not found.jumped
    assert len(read.reads) <= 64


def counting(counts: list[int]) -> Read:
    def read(descriptor: int, count: int, offset: int) -> bytes:
        counts.append(count)
        return os.pread(descriptor, count, offset)

    return read


@pytest.mark.parametrize("hole", ["before", "between", "after"])
def test_a_hole_of_gigabytes_is_not_read_through(hole: str) -> None:
    early, late = b"".join(ascending(30_000)), b"".join(ascending(30_000, begin=NOON + DAY))
    size = 4 << 30
    counts: list[int] = []
    with sparse(size) as descriptor:
        if hole != "before":
            os.pwrite(descriptor, early, 0)
        if hole != "after":
            os.pwrite(descriptor, b"\n" + late, size - len(late) - 1)
        for since, until in [(NOON, NOON + HOUR), (NOON + DAY + HOUR, None), (NOON + DAY, NOON + DAY + HOUR)]:
            counts.clear()
            found = asked(descriptor, since, until, read=counting(counts))
            assert not found.jumped
            assert len(counts) <= 64
            assert sum(counts) <= 16 << 20
            if hole != "before" and since == NOON:
                assert found.begin == 0
                assert found.end >= early.index(iso(NOON + HOUR))
            if hole != "after" and since > NOON:
                assert found.begin <= size - len(late) + late.index(iso(since))
                assert found.end >= (size if until is None else size - len(late) + late.index(iso(until)))


def test_a_file_that_shrinks_meanwhile_gives_bounds_and_notes_the_loss() -> None:
    reads = 0
    content = b"".join(ascending(50_000))

    def read(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal reads
        reads += 1
        if reads == 12:
            os.ftruncate(descriptor, len(content) // 3)
        return os.pread(descriptor, count, offset)

    with sparse(0) as descriptor:
        os.write(descriptor, content)
        reader = Reader(descriptor, "app.log", read=read)
        stamping = FileTimes(reader, UTC, MODIFIED)
        found = bounds(reader, stamping, NOON + 1000 * SECOND, None, small=0, probe=1024)
        assert found.begin <= content.index(iso(NOON + 1000 * SECOND))
        assert found.end == len(content)
        assert list(reader.backward(found.begin, found.end))
    assert reader.loss is not None


def test_a_read_that_fails_is_the_callers() -> None:
    reads = 0

    def read(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal reads
        reads += 1
        if reads == 20:
            raise OSError(errno.EIO, "Input/output error")
        return os.pread(descriptor, count, offset)

    with sparse(0) as descriptor:
        os.write(descriptor, b"".join(ascending(50_000)))
        with pytest.raises(Failure, match=r"^app.log: Input/output error$"):
            asked(descriptor, NOON + HOUR, None, read=read, small=0, probe=1024)


@pytest.mark.parametrize("time", [-(1 << 62), 0, 1 << 62])
def test_times_beyond_any_calendar_are_outside_of_every_file(time: int) -> None:
    log = Log(ascending(2000))
    size = log.starts[-1]
    assert log.bounds(time, None) == (Bounds(0, size, False) if time <= 0 else Bounds(size, size, False))
