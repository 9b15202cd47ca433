"""A sweep passes over nothing that matches, whoever helps it, and leaves what is wrong to the reader."""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.matching.conditions import Scout
from logagent.core.matching.matcher import Matcher
from logagent.disk.files.parallel_sweep import AHEAD, SPELL, WINDOW, WORTH, ParallelSweep, Search, Swept
from logagent.disk.threads import Work
from testbed.reading import file_of

CHUNK = 8
contents = st.lists(
    st.sampled_from([b"a", b"bcd", b"\n", b"ab\n", b"abc def\n", b"a line of some length\n", b"X", b"x" * 12]),
    max_size=60,
).map(b"".join)


def scout() -> Scout | None:
    return Matcher([b"X"]).scout()


def sweep_of(descriptor: int, *, scout: Callable[[], Scout | None] = scout, **options: Any) -> ParallelSweep:
    usual = {"clock": lambda: 0.0, "chunk": CHUNK, "beyond": 10}
    return ParallelSweep(descriptor, Search.by(scout), **{**usual, **options})


@contextmanager
def helped_at_once(work: Work) -> Iterator[None]:
    """A helper that has done all that there is to do before the other begins."""
    work(lambda: True)
    yield


@contextmanager
def helped_at_the_end(work: Work) -> Iterator[None]:
    yield
    work(lambda: True)


@contextmanager
def helped_with_one(work: Work) -> Iterator[None]:
    answers = iter([True])
    work(lambda: next(answers, False))
    yield


@contextmanager
def helped_by_a_thread(work: Work) -> Iterator[None]:
    ending = threading.Event()
    thread = threading.Thread(target=work, args=(lambda: not ending.is_set(),))
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


HELPS = [helped_at_once, helped_at_the_end, helped_with_one, helped_by_a_thread]


@settings(max_examples=800, deadline=None)
@given(content=contents, helped=st.sampled_from(HELPS), data=st.data())
def test_what_is_passed_over_is_whole_lines_that_do_not_match(content: bytes, helped: Any, data: st.DataObject) -> None:
    starts = [0, *(place + 1 for place, byte in enumerate(content) if byte == 10), len(content)]
    begin = data.draw(st.sampled_from(starts))
    end = data.draw(st.sampled_from([start for start in starts if start >= begin]))
    with file_of(content) as descriptor:
        down = sweep_of(descriptor, helped=helped).before(end, begin).edge
        up = sweep_of(descriptor, helped=helped).behind(begin, end).edge
    assert begin <= down <= end
    assert begin <= up <= end
    assert down in starts
    assert up in starts
    assert b"X" not in content[down:end] + content[begin:up]


class Noting:
    """Counts each line by its number of bytes, but leaves chunks with an X."""

    alone = False

    def examine(self, body: bytes, first: int, last: int) -> list[tuple[int, int]] | None:
        lines = body[first:last].splitlines(keepends=True)
        return None if b"X" in body[first:last] else [(len(line), 1) for line in lines]


@settings(max_examples=400, deadline=None)
@given(content=contents, helped=st.sampled_from(HELPS), down=st.booleans())
def test_each_line_that_is_passed_over_is_counted_once(content: bytes, helped: Any, down: bool) -> None:
    with file_of(content) as descriptor:
        sweep = ParallelSweep(descriptor, Noting, helped=helped, clock=lambda: 0.0, chunk=CHUNK, beyond=10)
        edge, _, runs = sweep.before(len(content)) if down else sweep.behind(0, len(content))
    passed = content[edge:] if down else content[:edge]
    assert sorted(runs) == sorted((len(line), 1) for line in passed.splitlines(keepends=True))


class Hindered(Noting):
    """Finds with the first chunk that a second thread would be in its way."""

    def examine(self, body: bytes, first: int, last: int) -> list[tuple[int, int]] | None:
        self.alone = True
        return super().examine(body, first, last)


def test_a_second_thread_helps_until_it_would_be_in_the_way() -> None:
    helps: list[Work] = []

    @contextmanager
    def noting(work: Work) -> Iterator[None]:
        helps.append(work)
        yield

    with file_of(b"line\n" * CHUNK * WINDOW) as descriptor:
        sweep = ParallelSweep(descriptor, Hindered, helped=noting, clock=lambda: 0.0, chunk=CHUNK, beyond=10)
        first = sweep.before(5 * CHUNK * WINDOW).edge
        assert sweep.before(first).edge < first
    assert len(helps) == 1


@pytest.mark.parametrize("helped", HELPS)
def test_a_file_without_a_match_is_passed_over_in_windows(helped: Any) -> None:
    content = b"line\n" * CHUNK * WINDOW  # five windows
    with file_of(content) as descriptor:
        sweep = sweep_of(descriptor, helped=helped)
        edge, edges = len(content), []
        while (swept := sweep.before(edge)).edge < edge:
            edge = swept.edge
            edges.append(edge)
            assert swept.bytes_read < 4 * WINDOW * CHUNK
    assert edge < WORTH * CHUNK
    assert 5 <= len(edges) <= 6


@pytest.mark.parametrize("helped", HELPS)
def test_sweeps_become_rare_where_there_are_many_matches(helped: Any) -> None:
    content = b"X line\n" * 10_000
    swept_bytes = 0
    with file_of(content) as descriptor:
        sweep = sweep_of(descriptor, helped=helped)
        for end in range(len(content), 0, -7):
            edge, bytes_read, _ = sweep.before(end)
            assert edge == end
            swept_bytes += bytes_read
    assert swept_bytes < len(content) / 5


def test_a_sweep_goes_on_soon_after_a_single_match() -> None:
    content = b"line\n" * 500 + b"X\n" + b"line\n" * 500
    with file_of(content) as descriptor:
        sweep, passed, begin = sweep_of(descriptor), 0, 0
        while begin < len(content):
            swept = sweep.behind(begin, len(content))
            passed += swept.edge - begin
            begin = content.index(b"\n", swept.edge) + 1 if swept.edge < len(content) else swept.edge
    assert passed > len(content) - 16 * CHUNK


def test_a_sweep_ends_after_a_spell_and_the_next_goes_on_at_once() -> None:
    seconds = itertools.count(step=SPELL / 4)
    with file_of(b"line\n" * 100) as descriptor:
        sweep = sweep_of(descriptor, clock=lambda: next(seconds))
        assert sweep.before(500) == Swept(500 - 3 * CHUNK + 4, 3 * (1 + CHUNK) + CHUNK + 10)
        assert sweep.before(480).edge < 480


def test_a_small_region_is_not_swept() -> None:
    with file_of(b"line\n" * 100) as descriptor:
        sweep = sweep_of(descriptor)
        assert sweep.before(30) == Swept(30, 0)
        assert sweep.behind(485, 500) == Swept(485, 0)


def test_without_a_scout_nothing_is_swept() -> None:
    with file_of(b"line\n" * 100) as descriptor:
        assert sweep_of(descriptor, scout=lambda: None).before(500) == Swept(500, 0)


@pytest.mark.parametrize("helped", HELPS)
def test_what_cannot_be_read_is_left_to_the_reader(helped: Any) -> None:
    def read_the_end(descriptor: int, count: int, offset: int) -> bytes:
        if offset < 500 - 3 * CHUNK:
            raise OSError(errno.EIO, "Input/output error")
        return os.pread(descriptor, count, offset)

    with file_of(b"line\n" * 100) as descriptor:
        edge = sweep_of(descriptor, helped=helped, read=read_the_end).before(500).edge
        assert 500 - 4 * CHUNK < edge < 500
        os.ftruncate(descriptor, 490)
        assert sweep_of(descriptor, helped=helped).before(500).edge == 500


def test_the_asker_is_asked_before_each_of_its_reads_and_what_it_raises_passes_through() -> None:
    class Gone(Exception):
        pass

    reads = 0

    def leave_third() -> None:
        nonlocal reads
        reads += 1
        if reads == 3:
            raise Gone

    helped: list[str] = []

    @contextmanager
    def noted(work: Work) -> Iterator[None]:
        try:
            yield
        finally:
            helped.append("ended")

    with file_of(b"line\n" * 100) as descriptor:
        sweep = sweep_of(descriptor, before_read=leave_third, helped=noted)
        with pytest.raises(Gone):
            sweep.before(500)
    assert helped == ["ended"]


@pytest.mark.parametrize("newest", [True, False])
def test_what_will_be_read_is_announced_unless_it_is_at_hand(newest: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: set[int] = set()
    at_hand = range(100, 150)

    def advise(_descriptor: int, offset: int, length: int, _advice: int) -> None:
        announced.update(range(offset, offset + length))

    def peek(_descriptor: int, _buffers: list[bytearray], offset: int, flags: int) -> int:
        assert flags == os.RWF_NOWAIT
        if offset not in at_hand:
            raise BlockingIOError
        return 1

    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(os, "preadv", peek)
    size = CHUNK * WINDOW
    with file_of(b"a\n" * (size // 2)) as descriptor:
        sweep_of(descriptor).before(size) if newest else sweep_of(descriptor).behind(0, size)
    wanted = range(size - AHEAD * CHUNK) if newest else range(AHEAD * CHUNK, size)
    assert set(wanted) - set(range(100 - CHUNK, 150 + CHUNK)) <= announced
    assert not announced & set(range(100 + CHUNK, 150 - CHUNK))


def test_a_chunk_whose_last_line_ends_with_it_is_clear_whatever_comes_behind() -> None:
    lines = b"one\ntwo\n" * WORTH  # two for each chunk
    assert len(lines) == WORTH * CHUNK
    content = lines + b"x" * 100
    with file_of(content) as descriptor:
        assert sweep_of(descriptor).behind(0, len(content)).edge == len(lines)
