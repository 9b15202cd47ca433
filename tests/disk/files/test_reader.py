"""The reader gives a file's lines in blocks of whole lines, backward and forward, whatever the file holds or does."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Callable
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure, Status
from logagent.disk.files.blocks import Block, LongLine, Passed, Read, Stretch
from logagent.disk.files.parallel_sweep import ParallelSweep, Search
from logagent.disk.files.reader import Reader
from testbed.reading import file_of

contents = st.lists(
    st.sampled_from([b"a", b"bcd", b"\r\n", b"\n", b"\n\n", b"\0", b"\xff\xc3", b"x" * 40]), max_size=40
).map(b"".join)
block_sizes = st.lists(st.integers(1, 40), min_size=1, max_size=3).map(sorted)


def stretches(reader: Reader, newest: bool) -> list[Stretch]:
    return [s for s in (reader.backward() if newest else reader.forward()) if not isinstance(s, Block) or s.body]


def text_of(content: bytes, stretch: Stretch) -> bytes:
    assert not isinstance(stretch, Passed)
    if isinstance(stretch, LongLine):
        assert content[stretch.end : stretch.end + 1] in (b"\n", b"")
        return content[stretch.offset : stretch.end + 1]
    assert content[stretch.offset : stretch.offset + len(stretch.body)] == stretch.body
    return stretch.body


def acting(act: Callable[[], object], *, at_read: int) -> Read:
    """A read that does something before it reads for the nth time."""
    numbers = itertools.count(1)

    def read(descriptor: int, count: int, offset: int) -> bytes:
        if next(numbers) == at_read:
            act()
        return os.pread(descriptor, count, offset)

    return read


@settings(max_examples=2000, deadline=None)
@given(content=contents, sizes=block_sizes, max_line=st.integers(1, 50), newest=st.booleans())
def test_blocks_are_whole_lines_and_together_the_file(
    content: bytes, sizes: list[int], max_line: int, newest: bool
) -> None:
    with file_of(content) as descriptor:
        found = stretches(Reader(descriptor, "app.log", sizes=sizes, max_line=max_line), newest)
    texts = [text_of(content, stretch) for stretch in (reversed(found) if newest else found)]
    assert b"".join(texts) == content
    assert all(text.endswith(b"\n") for text in texts[:-1])


@settings(max_examples=1000, deadline=None)
@given(content=contents, sizes=block_sizes, max_line=st.integers(1, 50), newest=st.booleans())
def test_only_a_line_longer_than_the_limit_is_not_held_whole(
    content: bytes, sizes: list[int], max_line: int, newest: bool
) -> None:
    with file_of(content) as descriptor:
        found = stretches(Reader(descriptor, "app.log", sizes=sizes, max_line=max_line), newest)
    long_lines = [stretch for stretch in found if isinstance(stretch, LongLine)]
    assert all(max_line < line.end - line.offset for line in long_lines)
    assert all(b"\n" not in content[line.offset : line.end] for line in long_lines)
    blocks = [stretch for stretch in found if isinstance(stretch, Block)]
    assert all(len(block.body) <= max(max_line + 2, sizes[-1]) for block in blocks)


@settings(max_examples=2000, deadline=None)
@given(
    content=contents,
    sizes=block_sizes,
    max_line=st.integers(1, 50),
    newest=st.booleans(),
    numbers=st.tuples(st.integers(0, 90), st.integers(0, 90)),
    open_end=st.booleans(),
)
def test_limits_give_the_lines_that_begin_between_them(
    content: bytes, sizes: list[int], max_line: int, newest: bool, numbers: tuple[int, int], open_end: bool
) -> None:
    lines = re.findall(rb"[^\n]*\n|[^\n]+", content)
    first, last = numbers[0], None if open_end else numbers[1]
    starts = [*itertools.accumulate(map(len, lines), initial=0)]
    begin, end = starts[min(first, len(lines))], None if last is None else starts[min(last, len(lines))]
    with file_of(content) as descriptor:
        reader = Reader(descriptor, "app.log", sizes=sizes, max_line=max_line)
        found = list(reader.backward(begin, end) if newest else reader.forward(begin, end))
    texts = [text_of(content, stretch) for stretch in found if isinstance(stretch, LongLine) or stretch.body]
    assert b"".join(reversed(texts) if newest else texts) == b"".join(lines[first:last])
    assert all(max_line < s.end - s.offset for s in found if isinstance(s, LongLine))
    assert reader.loss is None


def nothing_at_hand(descriptor: int, buffers: list[bytearray], offset: int, flags: int) -> NoReturn:
    """Stands for `os.preadv` where the page cache holds nothing of a file."""
    raise BlockingIOError


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("line", [b"line\n", b"x" * 49 + b"\n"])
def test_nothing_beyond_the_limits_is_read_or_announced(
    newest: bool, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched: list[range] = []

    def advise(descriptor: int, offset: int, length: int, advice: int) -> None:
        touched.append(range(offset, offset + 1))

    def read(descriptor: int, count: int, offset: int) -> bytes:
        touched.append(range(offset, offset + count))
        return os.pread(descriptor, count, offset)

    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(os, "preadv", nothing_at_hand)
    with file_of(line * 200) as descriptor:
        reader = Reader(descriptor, "app.log", sizes=[10], max_line=10, read=read)
        list(reader.backward(100, 350) if newest else reader.forward(100, 350))
    assert min(region.start for region in touched) == 100
    assert max(region.stop for region in touched) == 350


@pytest.mark.parametrize("newest", [True, False])
def test_a_file_that_shrinks_below_the_limits_gives_nothing_and_notes_the_loss(newest: bool) -> None:
    with file_of(b"aaa\nbbb\nccc\nddd\n") as descriptor:
        reader = Reader(descriptor, "app.log")
        os.ftruncate(descriptor, 6)
        assert list(reader.backward(8, 12) if newest else reader.forward(8, 12)) == []
    assert reader.loss is not None
    assert reader.loss.message == "app.log: shrank from 16 to 6 bytes while it was read"


@settings(max_examples=500, deadline=None)
@given(content=st.binary(min_size=1, max_size=200), size=st.integers(1, 40), overlap=st.integers(0, 60))
def test_windows_cover_a_long_line_and_overlap(content: bytes, size: int, overlap: int) -> None:
    with file_of(content) as descriptor:
        windows = list(Reader(descriptor, "app.log", sizes=[size]).windows(LongLine(0, len(content)), overlap))
    ends = [min(size * number, len(content)) for number in range(1, len(windows) + 1)]
    assert windows == [
        content[max(0, size * number - overlap) : end] for number, end in enumerate(ends) if end > size * number
    ]
    assert ends[-1] == len(content)


@settings(max_examples=1000, deadline=None)
@given(content=contents, size=st.integers(1, 20), newest=st.booleans())
def test_with_a_sweep_barren_lines_and_blocks_are_together_the_file(content: bytes, size: int, newest: bool) -> None:
    with file_of(content) as descriptor:
        sweep = ParallelSweep(descriptor, Search.by(Matcher([b"cd"]).scout), chunk=8, beyond=10)
        reader = Reader(descriptor, "app.log", sizes=[1, size], max_line=2000, sweep=sweep)
        found = list(reader.backward() if newest else reader.forward())
    pieces = []
    for stretch in found[::-1] if newest else found:
        assert not isinstance(stretch, LongLine)
        length = stretch.size if isinstance(stretch, Passed) else len(stretch.body)
        pieces.append(content[stretch.offset : stretch.offset + length])
        assert not isinstance(stretch, Passed) or b"cd" not in pieces[-1]
        assert isinstance(stretch, Passed) or stretch.body == pieces[-1]
    assert b"".join(pieces) == content
    assert reader.bytes_read >= len(content)


def test_the_last_lines_of_a_large_file_cost_one_small_read() -> None:
    with file_of(b"line\n" * 1_000_000) as descriptor:
        reader = Reader(descriptor, "app.log")
        next(reader.backward())
        assert reader.bytes_read == 16 * 1024


@pytest.mark.parametrize("newest", [True, False])
def test_a_long_scan_announces_what_it_will_read_and_a_short_one_nothing(
    newest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[range] = []

    def advise(descriptor: int, offset: int, length: int, advice: int) -> None:
        announced.append(range(offset, offset + length))

    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(os, "preadv", nothing_at_hand)
    with file_of(b"line\n" * 200) as descriptor:
        reader = Reader(descriptor, "app.log", sizes=[10, 50], max_line=10)
        blocks = reader.backward() if newest else reader.forward()
        next(blocks)
        assert announced == []
        list(blocks)
    foreseen = range(1000 - 250) if newest else range(250, 1000)
    assert set(foreseen) <= {offset for region in announced for offset in region}


def test_an_empty_file_has_no_blocks() -> None:
    with file_of(b"") as descriptor:
        assert stretches(Reader(descriptor, "app.log"), newest=True) == []
        assert stretches(Reader(descriptor, "app.log"), newest=False) == []


@pytest.mark.parametrize("newest", [True, False])
def test_what_is_appended_after_the_reader_was_made_is_not_read(newest: bool) -> None:
    with file_of(b"one\ntwo") as descriptor:
        reader = Reader(descriptor, "app.log")
        os.pwrite(descriptor, b" and\nthree\n", 7)
        assert stretches(reader, newest) == [Block(0, b"one\ntwo")]
        assert reader.loss is None


def test_reading_forward_a_file_that_shrinks_between_blocks_gives_what_is_left_and_notes_the_loss() -> None:
    with file_of(b"aaa\nbbb\nccc\nddd\n") as descriptor:
        cut = acting(lambda: os.ftruncate(descriptor, 10), at_read=2)
        reader = Reader(descriptor, "app.log", sizes=[4], max_line=3, read=cut)
        assert stretches(reader, newest=False) == [Block(0, b"aaa\n"), Block(4, b"bbb\n"), Block(8, b"cc")]
    assert reader.loss is not None
    assert reader.loss.status is Status.DATA_LOSS
    assert reader.loss.message == "app.log: shrank from 16 to 10 bytes while it was read"


def test_reading_backward_a_file_that_shrinks_between_blocks_gives_what_is_left_and_notes_the_loss() -> None:
    with file_of(b"aaa\nbbb\nccc\nddd\n") as descriptor:
        cut = acting(lambda: os.ftruncate(descriptor, 6), at_read=2)
        reader = Reader(descriptor, "app.log", sizes=[5], max_line=3, read=cut)
        assert stretches(reader, newest=True) == [Block(12, b"ddd\n"), Block(4, b"bb"), Block(0, b"aaa\n")]
    assert reader.loss is not None
    assert reader.loss.message == "app.log: shrank from 16 to 6 bytes while it was read"


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("at_read", range(1, 12))
@pytest.mark.parametrize("content", [b"ab\n" * 9, b"x" * 30, b"ab\n" + b"x" * 30 + b"\nab\n"])
def test_a_file_emptied_at_any_moment_ends_the_reading(content: bytes, at_read: int, newest: bool) -> None:
    with file_of(content) as descriptor:
        empty = acting(lambda: os.ftruncate(descriptor, 0), at_read=at_read)
        reader = Reader(descriptor, "app.log", sizes=[4], max_line=4, read=empty)
        found = stretches(reader, newest)
        emptied = os.fstat(descriptor).st_size == 0
    assert emptied == (reader.loss is not None)
    if not emptied:
        assert sum(len(text_of(content, stretch)) for stretch in found) == len(content)


def test_a_short_read_within_the_file_is_no_loss() -> None:
    with file_of(b"one\ntwo\nthree\n") as descriptor:
        reader = Reader(descriptor, "app.log", read=lambda fd, count, offset: os.pread(fd, min(count, 5), offset))
        assert stretches(reader, newest=True) == [Block(0, b"one\ntwo\nthree\n")]
        assert reader.loss is None


def test_a_read_that_fails_is_a_loss_of_data_named_without_a_path() -> None:
    def fail() -> None:
        raise OSError(errno.EIO, "Input/output error", "/secret/app.log")

    with file_of(b"aaa\nbbb\n") as descriptor:
        blocks = Reader(descriptor, "app.log", sizes=[5], max_line=3, read=acting(fail, at_read=2)).backward()
        assert next(blocks) == Block(4, b"bbb\n")
        with pytest.raises(Failure, match=r"^app.log: Input/output error$") as caught:
            next(blocks)
    assert caught.value.status is Status.DATA_LOSS


def test_head_of_a_long_line_tells_its_time_however_little_of_it_is_sent() -> None:
    line = b'{"log":"%b","time":"2026-03-01T12:00:05Z"}' % (b"x" * 5000)
    with file_of(line + b"\n") as descriptor:
        reader = Reader(descriptor, "app.log", sizes=(64,), max_line=10)
        assert reader.head(LongLine(0, len(line))) == line


def test_the_end_of_a_long_line_is_looked_for_in_pieces_of_full_size() -> None:
    reads: list[int] = []

    def read(descriptor: int, count: int, offset: int) -> bytes:
        reads.append(count)
        return os.pread(descriptor, count, offset)

    with file_of(b"x" * 10_000 + b"\nnext\n") as descriptor:
        found = stretches(Reader(descriptor, "app.log", sizes=(10, 1000), max_line=20, read=read), newest=False)
    assert found == [LongLine(0, 10_000), Block(10_001, b"next\n")]
    assert len(reads) < 20
