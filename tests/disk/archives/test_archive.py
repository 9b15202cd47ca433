"""An archive's lines equal those of its text, forward and backward, with little of it in memory at any time."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Status
from logagent.disk.archives.archive import KEPT, Archive
from logagent.disk.archives.compression import Compression
from logagent.disk.archives.text_at_hand import TRAIL
from logagent.disk.files.blocks import Block, LongLine, Stretch
from testbed.packing import PACK, packed
from testbed.reading import file_of

MIB = 1024 * 1024
EVERY_KIND = pytest.mark.parametrize("kind", list(PACK))
SEEN = 90
LONG = SEEN + 100
"""Bytes of lines that are not held whole."""

kinds = st.sampled_from(list(PACK))
parts = st.lists(
    st.lists(
        st.sampled_from(
            [b"a", b"bcd", b"\r\n", b"\n", b"\n\n", b"z\0", b"\xff\xc3", b"no\n" * 9, b"x" * LONG, b"y" * LONG + b"a"]
        ),
        max_size=12,
    ).map(b"".join),
    max_size=4,
)
block_sizes = st.lists(st.integers(5, 300), min_size=1, max_size=3).map(sorted)


@pytest.fixture(autouse=True, scope="module")
def _short_heads() -> Iterator[None]:
    """As if so few bytes of a line told its time, lest every long line be of 64 KiB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logagent.disk.archives.forward_archive.SEEN", SEEN)
        yield


@contextmanager
def archive_of(kind: Compression, texts: list[bytes], **options: Any) -> Iterator[Archive]:
    with file_of(packed(kind, texts)) as descriptor:
        yield Archive(descriptor, "app.log.2", kind, **options)


def held(stretches: Iterator[Stretch]) -> list[Stretch]:
    return [stretch for stretch in stretches if isinstance(stretch, LongLine) or stretch.body]


def lines_with_a(body: bytes) -> int:
    return sum(b"a" in line for line in body.split(b"\n"))


def forward(kind: Compression, texts: list[bytes], **options: Any) -> list[tuple[int, int, bool]]:
    """Where each stretch begins and ends, and whether a line of it is wanted."""
    found = []
    with archive_of(kind, texts, **options) as archive:
        for stretch in archive.forward():
            if isinstance(stretch, LongLine):
                line = b"".join(archive.windows(stretch, 0))
                found.append((stretch.offset, stretch.offset + len(line), b"a" in line))
            elif stretch.body:
                found.append((stretch.offset, stretch.offset + len(stretch.body), b"a" in stretch.body))
    return found


def wanted_lines(archive: Archive, found: Iterator[Stretch]) -> list[tuple[int, bytes]]:
    """The lines with an `a` among what comes backward, as `tac | grep a` gives them; of long ones the head."""
    lines: list[tuple[int, bytes]] = []
    for stretch in found:
        if isinstance(stretch, LongLine):
            lines += [(stretch.offset, archive.head(stretch))] if archive.found(stretch) else []
        else:
            lines += [(stretch.offset + at, line) for at, line in with_a(stretch.body)[::-1]]
    return lines


def with_a(text: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    for line in text.split(b"\n"):
        if b"a" in line:
            found.append((at, line))
        at += len(line) + 1
    return found


@settings(max_examples=400, deadline=None)
@given(kind=kinds, texts=parts, sizes=block_sizes, max_line=st.integers(1, 50))
def test_forward_gives_whole_lines_that_are_together_the_text(
    kind: Compression, texts: list[bytes], sizes: list[int], max_line: int
) -> None:
    text, at = b"".join(texts), 0
    with archive_of(kind, texts, sizes=sizes, max_line=max_line) as archive:
        for stretch in archive.forward():
            if isinstance(stretch, LongLine):
                line = b"".join(archive.windows(stretch, 0))
                assert (len(line) > max_line, stretch.offset) == (True, at)
                assert archive.head(stretch) == line[: max(max_line + 1, SEEN)]
                assert text[at : at + len(line) + 1] in (line, line + b"\n")
                at += len(line) + 1
            elif stretch.body:
                assert (stretch.offset, text[at : at + len(stretch.body)]) == (at, stretch.body)
                assert stretch.body.endswith(b"\n") or at + len(stretch.body) == len(text)
                at += len(stretch.body)
        assert len(text) <= at <= len(text) + 1
        assert (archive.size, archive.bytes_read, archive.loss) == (len(text), len(text), None)


@settings(max_examples=200, deadline=None)
@given(kind=kinds, texts=parts, sizes=block_sizes, place=st.integers(0, 40))
def test_forward_from_a_line_on(kind: Compression, texts: list[bytes], sizes: list[int], place: int) -> None:
    text = b"".join(texts)
    starts = [0, *[at + 1 for at in range(len(text)) if text[at : at + 1] == b"\n"]]
    begin = starts[place % len(starts)]
    with archive_of(kind, texts, sizes=sizes) as archive:
        blocks = [stretch for stretch in held(archive.forward(begin)) if isinstance(stretch, Block)]
        assert b"".join(block.body for block in blocks) == text[begin:]
        assert archive.size == len(text)
    assert not blocks or blocks[0].offset == begin


@settings(max_examples=200, deadline=None)
@given(kind=kinds, size=st.integers(100, 3000), overlap=st.integers(0, 6000), line=st.integers(3000, 9000))
def test_windows_cover_a_long_line_and_overlap(kind: Compression, size: int, overlap: int, line: int) -> None:
    text = bytes(range(11, 251)) * (line // 240 + 1)
    seen = b""
    with archive_of(kind, [b"one\n", text, b"\ntwo\n"], sizes=[size], max_line=10) as archive:
        for stretch in archive.forward():
            if isinstance(stretch, LongLine):
                for window in archive.windows(stretch, overlap):
                    common = min(overlap, len(seen))
                    assert window[:common] == seen[len(seen) - common :]
                    seen += window[common:]
                assert list(archive.windows(stretch, overlap))[1:] == []
    assert seen == text


@pytest.mark.parametrize("newest", [True, False])
def test_only_the_long_line_that_was_given_last_is_at_hand(newest: bool) -> None:
    texts = [b"x" * LONG + b"\n", b"y" * LONG + b"\n"]
    with archive_of(Compression.GZIP, texts, sizes=[50], max_line=10) as archive:
        lines = held(archive.backward(lines_with_a) if newest else archive.forward())
        line = lines[0]
        assert isinstance(line, LongLine)
        with pytest.raises(LookupError, match=r"^app.log.2: the line at \d+ is not the one"):
            list(archive.windows(line, 0))
        with pytest.raises(LookupError, match=r"^app.log.2: the line at \d+ is not the one"):
            archive.head(line)
        assert not archive.found(line)


@settings(max_examples=500, deadline=None)
@given(
    kind=kinds,
    texts=parts,
    sizes=block_sizes,
    max_line=st.integers(1, 50),
    kept=st.integers(1, 300),
    most=st.none() | st.integers(1, 6),
    end=st.none() | st.integers(0, 200),
)
def test_backward_equals_tac_and_grep(
    kind: Compression, texts: list[bytes], sizes: list[int], max_line: int, kept: int, most: int | None, end: int | None
) -> None:
    matcher = Matcher([b"a"])
    with archive_of(kind, texts, sizes=sizes, max_line=max_line, kept=kept) as archive:
        given_out = archive.backward(lines_with_a, most=most, end=end, inspect=matcher.inspect, overlap=matcher.overlap)
        lines = wanted_lines(archive, given_out)
        head = max(max_line + 1, SEEN)
    expected = with_a(b"".join(texts)[:end])[::-1]
    assert [(at, line[:head]) for at, line in lines[:most]] == [(at, line[:head]) for at, line in expected[:most]]
    assert len(lines) == len(expected) or (most is not None and len(lines) >= most)


def neighbours(text: bytes, whole: list[tuple[int, int, int]], number: int, around: int) -> set[int]:
    """Where the stretches begin that hold so many lines on either side of one of them, itself included."""
    near = {whole[number][0]}
    for side in (whole[:number][::-1], whole[number + 1 :]):
        lines = 0
        for begin, end, _ in side:
            if lines < around:
                near.add(begin)
            lines += max(1, text.count(b"\n", begin, end))
    return near


@settings(max_examples=500, deadline=None)
@given(
    kind=kinds,
    texts=parts,
    sizes=block_sizes,
    kept=st.integers(1, 300),
    most=st.none() | st.integers(1, 6),
    around=st.integers(0, 4),
)
def test_backward_gives_the_neighbours_of_what_is_wanted_and_nothing_twice(
    kind: Compression, texts: list[bytes], sizes: list[int], kept: int, most: int | None, around: int
) -> None:
    text = b"".join(texts)
    whole = forward(kind, texts, sizes=sizes, max_line=20)
    with archive_of(kind, texts, sizes=sizes, max_line=20, kept=kept) as archive:
        matcher = Matcher([b"a"])
        found = held(
            archive.backward(lines_with_a, most=most, around=around, inspect=matcher.inspect, overlap=matcher.overlap)
        )
    starts = [stretch.offset for stretch in found]
    assert starts == sorted(set(starts), reverse=True)
    assert set(starts) <= {begin for begin, _, _ in whole}
    needed, lines = set(), 0
    for number in reversed(range(len(whole))):
        begin, end, wanted = whole[number]
        if wanted and (most is None or lines < most):
            lines += lines_with_a(text[begin:end])
            needed.update(neighbours(text, whole, number, around))
    assert needed <= set(starts)


@settings(max_examples=200, deadline=None)
@given(kind=kinds, texts=parts, sizes=block_sizes, where=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 50))))
def test_what_is_read_is_the_text_or_nothing(
    kind: Compression, texts: list[bytes], sizes: list[int], where: list[tuple[int, int]]
) -> None:
    text = b"".join(texts)
    with archive_of(kind, texts, sizes=sizes, max_line=20, kept=300) as archive:
        for begin, length in where:
            assert archive.read(begin, begin + length) == b""
        for newest in (False, True):
            for stretch in archive.backward(lines_with_a, around=1) if newest else archive.forward():
                for begin, length in where:
                    assert text[begin : begin + length].startswith(archive.read(begin, begin + length))
                if isinstance(stretch, Block):
                    end = stretch.offset + len(stretch.body)
                    assert archive.read(stretch.offset, end) == stretch.body


def test_the_text_just_gone_through_stays_at_hand_and_is_not_decompressed_again() -> None:
    text = b"".join(b"%07d\n" % number for number in range(MIB // 8))
    with archive_of(Compression.ZSTD, [text]) as archive:
        for stretch in archive.forward():
            if isinstance(stretch, Block) and stretch.body:
                end = stretch.offset + len(stretch.body)
                begin = max(0, end - TRAIL)
                assert archive.read(begin, end) == text[begin:end]
        assert archive.read(0, 8) == b""
        assert archive.bytes_read == len(text)


@EVERY_KIND
def test_the_first_lines_of_a_large_archive_cost_one_chunk(kind: Compression) -> None:
    with archive_of(kind, [b"line\n" * 1_000_000]) as archive:
        first = next(iter(held_lazily(archive.forward())))
        assert first == Block(0, (b"line\n" * 4000)[: len(first.body)])
        assert archive.bytes_read <= 256 * 1024


def held_lazily(stretches: Iterator[Stretch]) -> Iterator[Block]:
    return (stretch for stretch in stretches if isinstance(stretch, Block) and stretch.body)


@EVERY_KIND
@pytest.mark.parametrize("newest", [True, False])
def test_a_cut_archive_gives_what_can_be_decompressed_and_then_its_loss(kind: Compression, newest: bool) -> None:
    text = b"".join(b"%08x a\n" % (number * 2654435761 % 2**32) for number in range(100_000))
    archive = PACK[kind](text)
    with file_of(archive[: len(archive) * 3 // 4]) as descriptor:
        reader = Archive(descriptor, "app.log.2", kind, kept=300_000)
        found = held(reader.backward(lines_with_a) if newest else reader.forward())
    blocks = [stretch.body for stretch in found if isinstance(stretch, Block)]
    got = b"".join(blocks[::-1] if newest else blocks)
    assert text.startswith(got)
    assert len(got) > len(text) // 4
    assert reader.size is not None
    assert len(got) <= reader.size < len(got) + len(b"01234567 a")  # the last line may have lost its letter
    assert reader.loss is not None
    assert reader.loss.status is Status.DATA_LOSS
    assert reader.loss.message == f"app.log.2: damaged after {reader.size} bytes: it is cut off"


@EVERY_KIND
@pytest.mark.parametrize("newest", [True, False])
def test_signs_of_life_come_while_nothing_is_found(kind: Compression, newest: bool) -> None:
    with archive_of(kind, [b"line\n" * 1_000_000]) as archive:
        signs, told = 0, 0
        for stretch in archive.backward(lines_with_a) if newest else archive.forward(4_999_995):
            assert archive.bytes_read - told <= MIB
            signs, told = signs + 1, archive.bytes_read
            assert not isinstance(stretch, Block) or not stretch.body or not newest
    assert signs >= 5


@pytest.mark.parametrize("most", [None, 100])
def test_room_is_kept_to_and_each_pass_goes_no_further_than_it_must(most: int | None) -> None:
    text = b"a line\n" * 1_000_000
    with archive_of(Compression.ZSTD, [text], kept=MIB) as archive:
        given_out = sum(
            len(stretch.body) for stretch in archive.backward(lines_with_a, most=most) if isinstance(stretch, Block)
        )
        passes = archive.bytes_read / len(text)
    assert given_out == len(text) if most is None else given_out < MIB
    assert passes < 8 if most is None else passes == 1


def test_with_most_only_the_newest_wanted_blocks_are_held() -> None:
    with archive_of(Compression.GZIP, [b"a line\n" * 10_000_000]) as archive:
        tracemalloc.start()
        assert len(held(archive.backward(lambda body: body.count(b"\n"), most=1))) == 1
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 5 * MIB


@pytest.mark.parametrize("newest", [True, False])
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("filling", [b"\0", b"line\n"])
def test_a_bomb_stays_within_bounds(newest: bool, pack: Callable[[bytes], bytes], filling: bytes) -> None:
    bomb = pack(filling * (64 * MIB // len(filling))) * 4
    kind = Compression.GZIP if pack is gzip.compress else Compression.ZSTD
    matcher = Matcher([b"a"])
    with file_of(bomb) as descriptor:
        archive = Archive(descriptor, "app.log.2", kind)
        tracemalloc.start()
        backward = archive.backward(lambda body: 1, most=10**9, inspect=matcher.inspect, overlap=matcher.overlap)
        for _ in backward if newest else archive.forward():
            if archive.bytes_read >= 4 * 64 * MIB // len(filling) * len(filling) - MIB:
                break  # one pass is what is to be held within bounds
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < (KEPT + 6 * MIB if newest else 6 * MIB)


@EVERY_KIND
@pytest.mark.parametrize("newest", [True, False])
def test_what_is_raised_before_a_read_passes_through_at_any_moment(kind: Compression, newest: bool) -> None:
    class Cancelled(BaseException):
        pass

    def cancel() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Cancelled

    texts = [b"a line\n" * 20_000, b"x" * 400_000, b"\nanother\n"]
    for moment in range(1, 12):
        left = moment
        options = {"max_line": 1000, "sizes": (1000, 50_000), "kept": 60_000, "before_read": cancel}
        with archive_of(kind, texts, **options) as archive, pytest.raises(Cancelled):
            held(archive.backward(lines_with_a) if newest else archive.forward())


def test_a_read_that_fails_is_a_loss_and_what_came_before_it_comes() -> None:
    def read(descriptor: int, count: int, offset: int) -> bytes:
        return os.pread(descriptor, count, offset) if offset == 0 else os.pread(-1, count, offset)

    with file_of(os.urandom(0) + gzip.compress(os.urandom(500_000).replace(b"\n", b"a"), 0)) as descriptor:
        archive = Archive(descriptor, "app.log.2", Compression.GZIP, sizes=(1000,), max_line=10**6, read=read)
        assert len(held(archive.backward(lines_with_a))) == 1
        assert archive.loss is not None
        assert archive.loss.message.endswith("Bad file descriptor")


class Seeing:
    """The test of a long line, which keeps the windows that it is shown."""

    def __init__(self, *, passes: bool) -> None:
        self.windows: list[bytes] = []
        self._passes = passes

    def see(self, window: bytes) -> None:
        self.windows.append(window)

    def end(self) -> bool:
        return self._passes


DIGITS = b"0123456789" * 50


def test_windows_of_a_long_line_do_not_overlap_unless_they_are_asked_to() -> None:
    seeing = Seeing(passes=True)
    with archive_of(Compression.GZIP, [DIGITS + b"\n"], sizes=[50], max_line=10) as archive:
        held(archive.backward(lines_with_a, inspect=lambda: seeing))
    assert len(seeing.windows) > 1
    assert b"".join(seeing.windows) == DIGITS


@pytest.mark.parametrize("passes", [True, False])
def test_a_long_line_that_comes_as_a_neighbour_is_not_found(passes: bool) -> None:
    texts = [b"a line\n", DIGITS + b"\n", b"another\n"]
    with archive_of(Compression.GZIP, texts, sizes=[50], max_line=10) as archive:
        found = [
            archive.found(stretch)
            for stretch in archive.backward(lines_with_a, around=1, inspect=lambda: Seeing(passes=passes))
            if isinstance(stretch, LongLine)
        ]
    assert found == [passes]


def test_what_a_backward_pass_keeps_is_at_hand_beyond_the_trail() -> None:
    text = b"".join(b"%07d\n" % number for number in range(4 * TRAIL // 8))
    with archive_of(Compression.ZSTD, [text], sizes=[TRAIL // 4]) as archive:
        for stretch in archive.backward(lambda body: 1):
            if isinstance(stretch, Block) and stretch.body:
                assert archive.before(stretch.offset) == (0, text[: stretch.offset])
                assert archive.read(0, stretch.offset) == text[: stretch.offset]


def test_the_time_that_decoders_take_is_known_while_a_pass_goes_on() -> None:
    with archive_of(Compression.GZIP, [b"line\n" * 1_000_000]) as archive:
        next(iter(held_lazily(archive.forward())))
        first = archive.decompressing_ns
        assert first > 0
        held(archive.forward())
        assert archive.decompressing_ns > first


def test_nobody_is_asked_whether_nothing_is_wanted() -> None:
    asked: list[bytes] = []

    def wanted(body: bytes) -> int:
        asked.append(body)
        return 1

    skippable = b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    pack = PACK[Compression.ZSTD]
    with file_of(pack(b"one\n") + skippable + pack(b"two\n")) as descriptor:
        found = held(Archive(descriptor, "app.log.2", Compression.ZSTD).backward(wanted))
    assert found == [Block(0, b"one\ntwo\n")]
    assert asked == [b"one\ntwo\n"]
