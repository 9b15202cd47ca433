"""Counting is exact: the same as stamping each line that matches, whatever ways round that are taken."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from subprocess import run
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin
from logagent.core.hits.histogram import Histogram
from logagent.core.hits.steps import LADDER, MAX_BUCKETS
from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure
from logagent.core.query import Order, Query, Unit
from logagent.core.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from logagent.disk.batches import counting, runs
from logagent.disk.batches.counting import HitCounter
from logagent.disk.files.blocks import Block
from logagent.disk.files.parallel_sweep import ParallelSweep
from logagent.disk.files.reader import Reader
from logagent.disk.search.scan import ENOUGH, Scan
from logagent.disk.times.stamping import FileTimes

BERLIN = ZoneInfo("Europe/Berlin")
ORIGIN = Origin("web-1", "app.log")
MODIFIED = 1_793_000_000 * SECOND
"""2026-10-26, a day after clocks were set back in Berlin."""
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""Two hours before clocks are set back there, on the clock."""
FORMATS = (
    "%Y-%m-%dT%H:%M:%S.{ms}Z INFO {text}",
    "%Y-%m-%d %H:%M:%S,{ms} WARN {text}",
    "%Y-%m-%d %H:%M:%S {text}",
    "%Y-%m-%dT%H:%M:%S+05:30 {text}",
    "%Y-%m-%d %H:%M:%S",
    "[%d/%b/%Y:%H:%M:%S +0100] {text}",
    "%b %d %H:%M:%S host {text}",
    "%a %b %d %H:%M:%S 2025",
    "%a %b %d %H:%M:%S {text}",
    "%b %d %Y %H:%M:%S {text}",
    "%Y/%m/%d %H:%M:%S [error] {text}",
    "I%m%d %H:%M:%S.{ms} {text}",
    "%d.%m.%Y %H:%M:%S {text}",
    '{{"time":"%Y-%m-%dT%H:%M:%SZ","msg":"{text}"}}',
    "time=%Y-%m-%dT%H:%M:%SZ msg={text}",
    "1793000%S.{ms} {text}",
    "10.0.0.1 - - [%d/%b/%Y:%H:%M:%S +0000] {text}",
    "2026-02-30 %H:%M:%S {text}",
    "%Y-%m-%d %H:%M:60 {text}",
    "%Y-%m-%d %H:%M:%S.{ms}{ms} {text}",
)
ALIKE = FORMATS[:13]
"""Those whose lines need not be stamped one by one."""
NOISE = (b"", b"  at java.lang.Thread", b"2026-10-25", b"2026-10-25 01:", b"2026-10-25 01:2", b"2026-10-25 02:30:99 x")
TEXTS = ("x", "UTC", "AM", "PM", "+02", "-1", "2025", "Z", "", "GMT", "a 2026-10-25 02:00:00", ".", ":30", "U", " ")

texts = st.sampled_from(TEXTS)
moments = st.one_of(
    st.integers(0, 4 * 3600), st.integers(0, 119).map(lambda n: 7200 + n), st.integers(-3, 3).map(lambda n: n * 86400)
)


def line_of(form: str, second: int, text: str, millisecond: int, end: bytes) -> bytes:
    written = (BACK + timedelta(seconds=second)).strftime(form)
    return written.format(ms=f"{millisecond:03d}", text=text).encode() + end


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Lines, most of them of one format, in order or not."""
    forms = draw(st.lists(st.sampled_from(FORMATS), min_size=1, max_size=2))
    main = st.builds(line_of, st.just(forms[0]), moments, texts, st.integers(0, 999), st.just(b""))
    other = st.builds(line_of, st.just(forms[-1]), moments, texts, st.integers(0, 999), st.sampled_from([b"", b"\r"]))
    lines = draw(st.lists(main, min_size=1, max_size=30))
    lines = sorted(lines) if draw(st.booleans()) else lines
    for stray in draw(st.lists(other | st.sampled_from(NOISE), max_size=2)):
        lines.insert(draw(st.integers(0, len(lines))), stray)
    return lines


@contextmanager
def opened(
    content: bytes, zone: tzinfo = UTC, *, chunk: int = 0, examiner: Any = None, **reading: Any
) -> Iterator[tuple[Reader, FileTimes]]:
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, content)
        sweep = ParallelSweep(descriptor, examiner, chunk=chunk, beyond=40, clock=lambda: 0.0) if chunk else None
        reader = Reader(descriptor, "app.log", sweep=sweep, **reading)
        yield reader, FileTimes(reader, zone, MODIFIED)
    finally:
        os.close(descriptor)


def query(**asked: Any) -> Query:
    return Query.of(files=("app.log",), hits=True, times=True, places=True, **asked)


def matcher_of(asked: Query) -> Matcher:
    return Matcher(asked.match.keywords, asked.match.exclude, asked.match.ignore_case)


def counted(content: bytes, asked: Query, zone: tzinfo = UTC, *, chunk: int = 0, **reading: Any) -> list[Batch]:
    """The counts of a file, of which as much as possible is swept in chunks of some bytes, if any are given."""
    counts = HitCounter(asked, matcher_of(asked), large=1)
    with opened(content, zone, chunk=chunk, examiner=counts.examiner, **reading) as (reader, stamping):
        counts.enter(ORIGIN._replace(timed=stamping.timed), stamping, reader)
        scan = Scan(asked, reader, matcher_of(asked), counts)
        batches = []
        while not scan.ended:
            scan.advance(ENOUGH)
            batches.append(counts.take() if counts.count else SIGN_OF_LIFE)
        assert scan.loss is None
        assert counts.sent == sum(batch.count for batch in batches)
        assert scan.scanned == len(content)
        return batches


def told(batches: Sequence[Batch], step: int | None = None) -> tuple[int, dict[int | None, int]]:
    """The step of the counts, and what they say."""
    histogram = Histogram(step)
    for batch in batches:
        if batch.count:
            histogram.add(batch)
    return histogram.step, {row.start: row.lines for row in histogram.rows()}


def times_of(lines: Sequence[bytes], content: bytes, asked: Query, zone: tzinfo) -> list[int]:
    """The time of each line that is to be counted, each stamped by itself."""
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    with opened(content, zone) as (reader, whole):
        times = [
            FileTimes(reader, zone, MODIFIED, whole.found).times([start], [line])[0]
            for start, line in zip(starts, lines, strict=True)
            if all(keyword in line for keyword in asked.match.keywords)
        ]
    since = -(2**63) if asked.range.since is None else asked.range.since
    return [time for time in times if since <= time < (2**63 if asked.range.until is None else asked.range.until)]


def at(second: int) -> int:
    """A moment round the time when the clocks are set back."""
    return int(BACK.timestamp() - 3600 + second) * SECOND


asks = st.fixed_dictionaries(
    {
        "order": st.sampled_from(Order),
        "since": st.none() | st.integers(0, 9000).map(at),
        "until": st.none() | st.integers(4000, 15000).map(at),
        "keywords": st.just(()) | st.sampled_from([(b"x",), (b"2026",)]),
    }
)


@settings(max_examples=250, deadline=None)
@given(
    lines=logs(),
    ended=st.booleans(),
    step=st.sampled_from([*LADDER, MILLISECOND, 7 * SECOND, 90 * MINUTE]),
    asked=asks,
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")]),
    sizes=st.sampled_from([(64,), (300,), (4096,)]),
    chunk=st.sampled_from([0, 1, 30, 100]),
)
def test_counts_are_those_of_stamping_each_line(
    lines: list[bytes],
    ended: bool,
    step: int,
    asked: dict[str, Any],
    zone: tzinfo,
    sizes: tuple[int, ...],
    chunk: int,
) -> None:
    content = b"\n".join(lines) + (b"\n" if ended or not lines[-1] else b"")
    question = query(step=step, **asked)
    _, counts = told(counted(content, question, zone, chunk=chunk, sizes=sizes), step)
    times = times_of(lines, content, question, zone)
    with opened(content, zone) as (_, stamping):
        if not stamping.timed:
            assert counts == ({None: len(times)} if times else {})
            return
    assert counts == Counter(time // step * step for time in times)


@settings(max_examples=150, deadline=None)
@given(lines=logs(), asked=asks)
def test_a_step_of_ones_own_choice_counts_the_same_lines(lines: list[bytes], asked: dict[str, Any]) -> None:
    content = b"\n".join(lines) + b"\n"
    question = query(**asked)
    step, counts = told(counted(content, question))
    times = times_of(lines, content, question, UTC)
    assert sum(counts.values()) == len(times)
    if None not in counts:
        assert counts == Counter(time // step * step for time in times)


def plain(count: int, every: int = 1, form: str = FORMATS[0]) -> bytes:
    """So many lines of one format, so many seconds apart."""
    return b"".join(line_of(form, number * every, "x", number % 1000, b"\n") for number in range(count))


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lines are stamped one by one, each time that some are."""
    stamped: list[int] = []
    times = FileTimes.times

    def noting(self: FileTimes, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        stamped.append(len(lines))
        return times(self, starts, lines)

    monkeypatch.setattr(FileTimes, "times", noting)
    return stamped


@pytest.mark.parametrize("form", ALIKE)
@pytest.mark.parametrize("step", [SECOND, MINUTE, HOUR, DAY])
def test_lines_alike_are_not_stamped_one_by_one(form: str, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped = watched(monkeypatch)
    _, counts = told(counted(plain(500, form=form, every=0 if step == SECOND else 1), query(step=step), BERLIN), step)
    assert sum(counts.values()) == 500
    assert stamped == []


def test_what_is_not_alike_is_not_tried_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bytes] = []
    monkeypatch.setattr(runs, "uniform_with", tries.append)
    counted(plain(3000), query(step=MINUTE), sizes=(1000,))
    assert 0 < len(tries) < 12


def test_a_long_file_is_counted_by_a_step_that_suits_it_from_the_first_block_on() -> None:
    content = plain(40_000, every=60)
    batches = counted(content, query())
    assert len(content) > counting.SMALL_FILE
    assert batches[0].lines()[0].endswith(b" %d" % (3 * HOUR))
    assert told(batches)[0] == 6 * HOUR


def test_counts_come_in_the_order_asked_for_with_the_columns_of_a_batch() -> None:
    content = plain(3, every=60)
    (batch,) = counted(content, query(step=MINUTE, order=Order.OLDEST))
    (backward,) = counted(content, query(step=MINUTE))
    assert batch.body == b"1 60000000000\n" * 3
    assert [*(batch.times or ())] == sorted(batch.times or [])
    assert backward.times == batch.times[::-1]
    assert ([*(batch.offsets or ())], batch.origins, batch.origin) == ([0, 0, 0], (ORIGIN,), None)


def test_lines_of_a_file_without_times_are_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stamped = watched(monkeypatch)
    (batch,) = counted(b"one\ntwo\n\nfour", query(step=HOUR))
    assert told([batch], HOUR) == (HOUR, {None: 4})
    assert stamped == [1]


def test_a_line_too_long_to_be_held_counts_by_its_head() -> None:
    long = b"2026-10-25T01:30:00Z " + b"x" * 5000 + b"\n"
    _, counts = told(counted(long + plain(1), query(step=HOUR, keywords=(b"x",)), max_line=100, sizes=(512,)), HOUR)
    assert counts == {int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()) * SECOND: 2}


def test_too_many_buckets_end_the_scan_with_what_was_counted() -> None:
    with opened(plain(MAX_BUCKETS + 1)) as (reader, stamping):
        asked = query(step=SECOND)
        counts = HitCounter(asked, matcher_of(asked))
        counts.enter(ORIGIN, stamping, reader)
        scan = Scan(asked, reader, matcher_of(asked), counts)
        with pytest.raises(Failure) as failure:
            scan.advance(ENOUGH)
        assert counts.take().count == MAX_BUCKETS
        assert failure.value.message == "step=1s makes more than 10000 buckets; step=5m would do"


def test_counts_of_several_files_come_file_by_file() -> None:
    asked = query(step=HOUR)
    counts = HitCounter(asked, matcher_of(asked))
    for name in ("app.log", "app.log.1"):
        with opened(plain(2)) as (reader, stamping):
            counts.enter(ORIGIN._replace(file=name), stamping, reader)
            counts.add(Block(0, plain(2)))
    counts.add_long(0, plain(1), matches=False)
    counts.finish()
    assert counts.count == 2
    batch = counts.take()
    assert [batch.origins[number].file for number in batch.origin_of_each()] == ["app.log", "app.log.1"]
    assert (batch.body, [*(batch.offsets or ())], len(batch.times or [])) == (b"2 3600000000000\n" * 2, [0, 0], 2)
    assert (counts.count, counts.sent) == (0, 2)


def test_counts_are_those_of_cut_sort_and_uniq(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(plain(20_000, every=7))
    pipe = """cut -c1-16 "$1" | sort | uniq -c"""
    printed = run(["sh", "-c", pipe, "sh", str(log)], capture_output=True, check=True, text=True).stdout
    rows = (row.split() for row in printed.splitlines())
    theirs = {datetime.fromisoformat(f"{minute}:00Z"): int(count) for count, minute in rows}
    _, ours = told(counted(log.read_bytes(), query(step=MINUTE)), MINUTE)
    assert ours == {int(minute.timestamp()) * SECOND: count for minute, count in theirs.items()}


@pytest.mark.parametrize("order", Order)
def test_events_are_counted_by_the_times_of_their_first_lines(order: Order) -> None:
    lines = [b"1700000000 a", b" more b", b"1700000001 b", b"1700000060 a", b" b", b" b"]
    asked = query(unit=Unit.EVENT, keywords=(b"a", b"b"), order=order, step=60 * SECOND)
    content = b"".join(line + b"\n" for line in lines)
    with opened(content) as (reader, stamping):
        matcher = Matcher(asked.match.keywords, across=True)
        counts = HitCounter(asked, matcher)
        counts.enter(ORIGIN, stamping, reader)
        scan = Scan(asked, reader, matcher, counts)
        while not scan.ended:
            scan.advance(ENOUGH)
        counts.finish()
        assert told([counts.take()], asked.form.step)[1] == {1_699_999_980 * SECOND: 1, 1_700_000_040 * SECOND: 1}
