"""A file as a source: its matching lines, in order, in batches, and how it ended."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar, TypeVarTuple

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from logagent.core.batch import Batch, Origin
from logagent.core.cursor import fingerprint
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Order, Query
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.search.trust import with_trust
from logagent.disk.threads import DiskThreads
from testbed.reading import Collected, Found

NUL = b"no " * 15 + b"\0"
"""A NUL in a text; with less of it, the bytes are no text."""
PIECES = [b"a", b"b", b"A", b"ab", b"ba ", NUL, b"\xff", "é".encode(), b"\r\n", b"\n", b"\n", b"x" * 30]
contents = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)
expressions = st.sampled_from([rb"a.*b", rb"^a|b$", rb"[^a]\s", rb"(a|b){2}", rb"\sa", rb"x{31}", rb"\W$", rb"[\Wx]x"])
literals = st.lists(st.sampled_from(PIECES[:8]), min_size=1, max_size=2).map(b"".join)
block_sizes = st.lists(st.integers(1, 60), min_size=1, max_size=3).map(sorted).map(tuple)

Args = TypeVarTuple("Args")
Result = TypeVar("Result")
MODIFIED = 1_700_000_000_000_000_007
"""When the served files were last changed, in nanoseconds."""


class WatchedThreads(DiskThreads):
    """Threads of which one can wait for the last one, even if its caller was cancelled."""

    async def work(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        ended = self._ended = threading.Event()

        def watched(*args: *Args) -> Result:
            try:
                return function(*args)
            finally:
                ended.set()

        return await super().work(watched, *args)

    async def last_ended(self) -> None:
        await trio.to_thread.run_sync(self._ended.wait)


class Served:
    """A file's content as a source, with what was opened and read of it."""

    def __init__(self, content: bytes, *, inline: bool = True, **options: Any) -> None:
        self.content = content
        self.reads = 0
        self.before_read: Callable[[], object] = lambda: None
        self.descriptor: int | None = None
        self.threads = WatchedThreads(inline=inline)
        self.opener = self.open
        read_options = ReadOptions(host="web-1", zone=UTC, read=self.read, **options)
        self.source = LogSource(
            "app.log", [Found("app.log", len(content), MODIFIED, self.opened)], self.threads, read_options
        )

    def opened(self) -> int:
        return self.opener()

    def open(self) -> int:
        descriptor = self.descriptor = os.memfd_create("log")
        os.write(descriptor, self.content)
        os.utime(descriptor, ns=(MODIFIED, MODIFIED))
        return descriptor  # not the attribute, which another thread may have set meanwhile

    def read(self, descriptor: int, count: int, offset: int) -> bytes:
        self.reads += 1
        self.before_read()
        return os.pread(descriptor, count, offset)

    @property
    def is_open(self) -> bool:
        try:
            os.fstat(-1 if self.descriptor is None else self.descriptor)
        except OSError:
            return False
        return True


def query(**asked: Any) -> Query:
    return Query.of(files=("app.log",), **asked)


async def answer(served: Served, **asked: Any) -> tuple[Collected, Outcome]:
    out = Collected()
    outcome = await served.source.pump(query(**asked), out)
    assert not served.is_open
    return out, outcome


def origin_of(content: bytes, *, timed: bool) -> Origin:
    return Origin("web-1", "app.log", timed, "app.log", with_trust(fingerprint(content), trusted=timed))


def lines_of(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def expected(
    content: bytes,
    *,
    order: Order,
    keywords: tuple[bytes, ...],
    exclude: tuple[bytes, ...],
    regex: tuple[bytes, ...],
    exclude_regex: tuple[bytes, ...],
) -> list[bytes]:
    lines = [
        line
        for line in lines_of(content)
        if all(k in line for k in keywords)
        and not any(x in line for x in exclude)
        and all(re.search(pattern, line) for pattern in regex)
        and not any(re.search(pattern, line) for pattern in exclude_regex)
    ]
    return lines[::-1] if order is Order.NEWEST else lines


filters = st.fixed_dictionaries(
    {
        "order": st.sampled_from(Order),
        "keywords": st.lists(literals, max_size=2).map(tuple),
        "exclude": st.lists(literals, max_size=1).map(tuple),
        "regex": st.lists(expressions, max_size=1).map(tuple),
        "exclude_regex": st.lists(expressions, max_size=1).map(tuple),
    }
)


@settings(max_examples=800, deadline=None)
@given(content=contents, sizes=block_sizes, asked=filters, n=st.none() | st.integers(1, 12), places=st.booleans())
def test_sends_what_tac_grep_and_head_print(
    content: bytes, sizes: tuple[int, ...], asked: dict[str, Any], n: int | None, places: bool
) -> None:
    out, outcome = trio.run(partial(answer, Served(content, sizes=sizes), **asked, n=n, places=places))
    wanted = expected(content, **asked)[:n]
    assert out.lines == wanted
    assert (outcome.status, outcome.lines) == (Status.OK, len(wanted))
    assert outcome.bytes_scanned == len(content) or len(wanted) == n
    assert [batch.count for batch in out.batches] == [len(batch.lines()) for batch in out.batches]
    if places:
        offsets = [offset for batch in out.batches for offset in batch.offsets or []]
        assert [content[offset : offset + len(line)] for offset, line in zip(offsets, wanted, strict=True)] == wanted
        assert all(offset == 0 or content[offset - 1 : offset] == b"\n" for offset in offsets)


@settings(max_examples=600, deadline=None)
@given(content=contents, sizes=block_sizes, asked=filters, max_line=st.integers(1, 40), budget=st.integers(1, 200))
def test_cuts_long_lines_and_stops_before_the_line_that_passes_the_budget(
    content: bytes, sizes: tuple[int, ...], asked: dict[str, Any], max_line: int, budget: int
) -> None:
    served = Served(content, sizes=sizes, max_line=max_line)
    out, outcome = trio.run(partial(answer, served, **asked, max_bytes=budget))
    wanted = expected(content, **asked)
    ends = itertools.accumulate(min(len(line), max_line) + 1 for line in wanted)
    fitting = sum(end <= budget for end in ends)
    cut = sum(len(line) > max_line for line in wanted[:fitting])
    assert out.lines == [line[:max_line] for line in wanted[:fitting]]
    assert outcome.complete == (cut == 0 and fitting == len(wanted))
    lines = "1 line" if cut == 1 else f"{cut} lines"
    reports = [f"app.log: {lines} longer than {max_line} bytes were cut"] * (cut > 0)
    reports += [f"max_bytes={budget} reached"] * (fitting < len(wanted))
    assert outcome.message == "; ".join(reports)


@settings(max_examples=300, deadline=None)
@given(content=contents, sizes=block_sizes, asked=filters, life=st.integers(1, 200))
def test_signs_of_life_change_nothing(content: bytes, sizes: tuple[int, ...], asked: dict[str, Any], life: int) -> None:
    out, _ = trio.run(partial(answer, Served(content, sizes=sizes, life_bytes=life), **asked))
    assert out.lines == expected(content, **asked)


def test_sends_what_the_real_tools_print(tmp_path: Path) -> None:
    random = Random(1)
    cases = []
    for number in range(400):
        content = b"".join(random.choices(PIECES, k=random.randrange(200)))
        keyword = random.choice(PIECES[:5])
        cases.append((content, keyword))
        ended = content if content.endswith(b"\n") or not content else content + b"\n"  # tac would join the last two
        (tmp_path / f"{number}.log").write_bytes(ended)
        (tmp_path / f"{number}.key").write_bytes(keyword)
    script = "for n in $(seq 0 399); do tac $n.log | grep -aF -f $n.key > $n.out || true; done"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env={**os.environ, "LC_ALL": "C"}, check=True)
    for number, (content, keyword) in enumerate(cases):
        out, _ = trio.run(partial(answer, Served(content, sizes=(random.randrange(1, 100),)), keywords=(keyword,)))
        assert b"".join(batch.body for batch in out.batches) == (tmp_path / f"{number}.out").read_bytes()


@pytest.mark.parametrize("option", ["-E", "-P"])
def test_sends_what_grep_finds_by_patterns(tmp_path: Path, option: str) -> None:
    patterns = [
        b"a",
        b"a.b",
        b"^a",
        b"b$",
        b"^$",
        b"a*",
        b"(ab|ba)+",
        b"[^ab]",
        b"[[:space:]]b",
        b"a{2,3}",
        b"a?b +",
        b".",
    ]
    patterns += [rb"\bab\b", rb"\w+ \w+", rb"\sa", rb"\W", rb"\Ba", b"[a-x]b|A$", b"(a|b)(a|b)", b"^.{3}$", b"^[^ ]*$"]
    random = Random(2)
    content = b"".join(random.choices([piece for piece in PIECES if piece != b"\0"], k=4000)) + b"\n"
    file = tmp_path / "app.log"
    file.write_bytes(content)
    for number, pattern in enumerate(patterns):
        ignore = number % 2 == 1
        command = ["grep", "-a", option, *["-i"] * ignore, "-e", pattern, str(file)]
        printed = subprocess.run(command, env={**os.environ, "LC_ALL": "C"}, capture_output=True).stdout
        served = Served(content, sizes=(random.randrange(1, 100),))
        out, _ = trio.run(partial(answer, served, regex=(pattern,), ignore_case=ignore, order=Order.OLDEST))
        assert b"".join(batch.body for batch in out.batches) == printed, pattern


STAMPED = [b"2026-03-01T12:00:0%dZ line\n" % second for second in range(10)]


@settings(max_examples=500, deadline=None)
@given(
    lines=st.lists(st.sampled_from([*STAMPED, b"more\n", b"\n", b"y" * 50 + b"\n"]), max_size=30),
    sizes=block_sizes,
    asked=filters,
)
def test_times_do_not_depend_on_blocks(lines: list[bytes], sizes: tuple[int, ...], asked: dict[str, Any]) -> None:
    content = b"".join(lines)
    small, _ = trio.run(partial(answer, Served(content, sizes=sizes), **asked, times=True, places=True))
    large, _ = trio.run(partial(answer, Served(content), **asked, times=True, places=True))
    assert columns(small) == columns(large)


def columns(out: Collected) -> list[tuple[int, int]]:
    return [pair for batch in out.batches for pair in zip(batch.offsets or [], batch.times or [], strict=True)]


async def test_batches_carry_times_places_and_their_origin_when_asked() -> None:
    content = b"2026-03-01T12:00:01Z a\n  trace a\n2026-03-01T12:00:02Z b\n"
    out, _ = await answer(Served(content), keywords=(b"a",), times=True, places=True)
    [batch] = out.batches
    assert batch.body == b"  trace a\n2026-03-01T12:00:01Z a\n"
    assert batch == replace(batch, times=[1_772_366_401_000_000_000] * 2, offsets=[23, 0])
    assert (batch.origins, batch.origin) == ((origin_of(content, timed=True),), None)


async def test_batches_tell_how_much_was_scanned_for_each() -> None:
    out, outcome = await answer(Served(b"line\n" * 100, sizes=(10,), life_bytes=100), keywords=(b"rare",))
    assert [batch.scanned for batch in out.batches] == [50] * 10
    assert outcome.bytes_scanned == 500


async def test_batches_carry_no_columns_when_none_are_asked_for() -> None:
    out, _ = await answer(Served(b"2026-03-01T12:00:01Z a\n"))
    assert (out.batches[0].times, out.batches[0].offsets) == (None, None)


async def test_a_file_without_times_says_so_and_has_its_modification_time() -> None:
    out, _ = await answer(Served(b"one\ntwo\n"), times=True)
    assert out.batches[0].origins == (origin_of(b"one\ntwo\n", timed=False),)
    assert [*(out.batches[0].times or ())] == [MODIFIED] * 2


async def test_stops_reading_at_the_nth_match() -> None:
    served = Served(b"line\n" * 100, sizes=(10,))
    _, outcome = await answer(served, n=4)
    assert (served.reads, outcome.lines, outcome.status) == (4, 4, Status.OK)


async def test_sends_the_first_line_before_it_reads_for_the_second() -> None:
    served, send, receive = Served(b"line\n" * 100, sizes=(10,)), *trio.open_memory_channel[Batch](0)
    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(served.source.pump, query(), send)
        assert (await receive.receive()).count == 1
        nursery.cancel_scope.cancel()


async def test_reads_nothing_while_the_reader_is_slow() -> None:
    served, send, receive = Served(b"line\n" * 100, sizes=(10,)), *trio.open_memory_channel[Batch](0)
    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(served.source.pump, query(), send)
        await wait_all_tasks_blocked()
        assert served.reads == 1
        nursery.cancel_scope.cancel()
    assert not served.is_open


async def test_a_long_search_without_matches_gives_signs_of_life() -> None:
    out, outcome = await answer(Served(b"line\n" * 100, sizes=(10,), life_bytes=100), keywords=(b"rare",))
    assert [batch.count for batch in out.batches] == [0] * 10
    assert outcome.bytes_scanned == 500


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("asked", [{"keywords": (b"rare",)}, {"regex": (b"ra+re ",)}, {"keywords": (b"none",)}])
async def test_a_search_that_seldom_finds_anything_goes_through_the_whole_file(
    asked: dict[str, Any], order: Order, inline: bool
) -> None:
    lines = [b"rare %d" % n if n % 300_001 in (0, 300_000, 150_000) else b"line %d" % n for n in range(1_000_000)]
    served = Served(b"\n".join(lines) + b"\n", inline=inline)
    out, outcome = await answer(served, order=order, **asked)
    wanted = [line for line in lines if b"rare" in line and b"none" not in asked.get("keywords", ())]
    assert out.lines == (wanted[::-1] if order is Order.NEWEST else wanted)
    assert outcome.bytes_scanned == len(served.content)
    if not wanted:
        assert served.reads < 40  # blocks alone would be 46: most are of chunks, which are larger


@pytest.mark.parametrize("newest", [True, False])
async def test_a_file_that_shrinks_under_a_long_search_is_a_loss_of_data(newest: bool) -> None:
    served = Served(b"line\n" * 2_000_000)

    def shrink() -> None:
        if served.reads == 8 and served.descriptor is not None:
            os.ftruncate(served.descriptor, 3_000_000)

    served.before_read = shrink
    order = Order.NEWEST if newest else Order.OLDEST
    _, outcome = await answer(served, keywords=(b"rare",), order=order)
    assert outcome.status is Status.DATA_LOSS
    assert outcome.message == "app.log: shrank from 10000000 to 3000000 bytes while it was read"


async def test_a_line_without_end_gives_signs_of_life() -> None:
    out, _ = await answer(Served(b"x" * 1000, sizes=(10,), max_line=10, life_bytes=100), keywords=(b"y",))
    assert len(out.batches) > 10


async def test_an_exact_budget_that_holds_every_match_is_complete() -> None:
    out, outcome = await answer(Served(b"one\ntwo\n"), max_bytes=8)
    assert (out.lines, outcome.complete) == ([b"two", b"one"], True)


async def test_the_nth_match_within_the_budget_is_complete() -> None:
    _, outcome = await answer(Served(b"one\ntwo\nthree\n"), n=2, max_bytes=10)
    assert (outcome.lines, outcome.complete) == (2, True)


async def test_what_was_read_before_a_read_fails_is_sent() -> None:
    served = Served(b"line\n" * 10, sizes=(10,))

    def fail_third() -> None:
        if served.reads == 3:
            raise OSError(errno.EIO, "Input/output error", "/secret/app.log")

    served.before_read = fail_third
    out, outcome = await answer(served)
    assert out.lines == [b"line"] * 2
    assert (outcome.status, outcome.message) == (Status.DATA_LOSS, "app.log: Input/output error")
    assert outcome.lines == 2


async def test_lost_lines_weigh_more_than_cut_ones() -> None:
    served = Served(b"line\n" * 9 + b"long line\n", sizes=(10,), max_line=4)

    def fail_fifth() -> None:
        if served.reads == 5:  # after three for the long line: to find it, its beginning, and its head
            raise OSError(errno.EIO, "Input/output error")

    served.before_read = fail_fifth
    out, outcome = await answer(served)
    assert out.lines == [b"long", b"line"]
    assert outcome.status is Status.DATA_LOSS


async def test_the_file_is_closed_before_the_last_batch_is_sent() -> None:
    served, send, receive = Served(b"line\n"), *trio.open_memory_channel[Batch](0)
    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(served.source.pump, query(n=1), send)
        await wait_all_tasks_blocked()
        assert served.descriptor is not None
        assert not served.is_open
        await receive.receive()


async def test_what_is_left_of_a_file_that_shrinks_is_sent() -> None:
    served = Served(b"line\n" * 10, sizes=(10,))

    def shrink_third() -> None:
        if served.reads == 3 and served.descriptor is not None:
            os.ftruncate(served.descriptor, 12)

    served.before_read = shrink_third
    out, outcome = await answer(served)
    assert out.lines == [b"line", b"line", b"li", b"line", b"line"]
    assert outcome.message == "app.log: shrank from 50 to 12 bytes while it was read"


async def test_a_file_deleted_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(b"line\n" * 10)
    served = Served(b"", sizes=(10,))
    served.opener = lambda: os.open(path, os.O_RDONLY)
    served.before_read = lambda: path.unlink(missing_ok=True)
    out, outcome = await answer(served)
    assert (len(out.lines), outcome.status) == (10, Status.OK)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/secret/app.log"), Status.NOT_FOUND),
        (PermissionError(errno.EACCES, "Permission denied", "/secret/app.log"), Status.PERMISSION_DENIED),
        (OSError(errno.EIO, "Input/output error", "/secret/app.log"), Status.UNAVAILABLE),
        (Failure(Status.PERMISSION_DENIED, "permission denied: app.log"), Status.PERMISSION_DENIED),
    ],
)
async def test_a_file_that_cannot_be_opened_fails_with_its_reason(error: Exception, status: Status) -> None:
    def fail() -> int:
        raise error

    served = Served(b"")
    served.opener = fail
    out, outcome = await answer(served)
    assert (out.batches, outcome.status) == ([], status)
    assert "app.log" in outcome.message
    assert "secret" not in outcome.message


async def test_a_bug_is_logged_and_ends_the_source_without_details(caplog: pytest.LogCaptureFixture) -> None:
    served = Served(b"line\n" * 10, sizes=(10,))

    def break_third() -> None:
        if served.reads == 3:
            raise ZeroDivisionError("secret detail")

    served.before_read = break_third
    with caplog.at_level(logging.ERROR):
        out, outcome = await answer(served)
    assert (outcome.status, outcome.message) == (Status.INTERNAL, "app.log: internal error")
    assert outcome.lines == len(out.lines) == 1
    assert "secret detail" in caplog.text


async def test_what_out_raises_passes_through_and_the_file_is_closed() -> None:
    served, send, receive = Served(b"line\n"), *trio.open_memory_channel[Batch](0)
    receive.close()
    with pytest.raises(trio.BrokenResourceError):
        await served.source.pump(query(), send)
    assert not served.is_open


async def test_one_source_answers_several_queries_at_a_time() -> None:
    served, answers = Served(b"one\ntwo\n", inline=False), [Collected(), Collected()]
    async with trio.open_nursery() as nursery:
        for out in answers:
            nursery.start_soon(served.source.pump, query(), out)
    assert [out.lines for out in answers] == [[b"two", b"one"]] * 2


async def test_timings_tell_opening_from_scanning() -> None:
    _, outcome = await answer(Served(b"one\n", inline=False))
    assert set(outcome.timings) == {"open", "scan"}
    assert min(outcome.timings.values()) > 0


@contextmanager
def hanging(served: Served, *, at_read: int) -> Iterator[threading.Event]:
    """While in the block, the nth read hangs as in the kernel; sets the event when it does."""
    hangs, release = threading.Event(), threading.Event()

    def hang() -> None:
        if served.reads == at_read:
            hangs.set()
            release.wait()

    served.before_read = hang
    try:
        yield hangs
    finally:
        release.set()


async def cancel_while_hanging(served: Served, hangs: threading.Event) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(served.source.pump, query(keywords=(b"rare",)), Collected())
        await trio.to_thread.run_sync(hangs.wait)
        nursery.cancel_scope.cancel()


async def test_cancelling_does_not_wait_for_a_read_that_hangs_and_leaves_it_its_file() -> None:
    served = Served(b"line\n" * 100, inline=False, sizes=(10,))
    with hanging(served, at_read=3) as hangs:
        await cancel_while_hanging(served, hangs)
        assert served.is_open
    await served.threads.last_ended()
    assert not served.is_open


async def test_after_a_cancel_no_block_is_read_any_more() -> None:
    served = Served(b"line\n" * 100, inline=False, sizes=(10,))
    with hanging(served, at_read=3) as hangs:
        await cancel_while_hanging(served, hangs)
    await served.threads.last_ended()
    assert served.reads == 3


async def test_cancelling_while_the_file_is_being_opened_closes_it_once_it_is_open() -> None:
    served, opening, release = Served(b"line\n", inline=False), threading.Event(), threading.Event()
    opener = served.open

    def open_late() -> int:
        opening.set()
        release.wait()
        return opener()

    served.opener = open_late
    await cancel_while_hanging(served, opening)
    release.set()
    await served.threads.last_ended()
    assert served.descriptor is not None
    assert not served.is_open
    assert served.reads == 0
