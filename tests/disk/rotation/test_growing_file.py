"""One file that grows: what of it is whole lines by each look, and how it is told from what takes its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.disk.files.overwritten import Overwritten
from logagent.disk.rotation.growing_file import LOOKED, GrowingFile
from logagent.disk.rotation.known_part import TRAIL

LINE = b"2026-11-25T10:00:%02dZ " + b"x" * 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.touch()
    return path


@pytest.fixture
def file(path: Path) -> Iterator[GrowingFile]:
    file = growing(path)
    yield file
    file.close()


def growing(path: Path, *, max_line: int = 1000) -> GrowingFile:
    return GrowingFile(path.name, os.open(path, os.O_RDONLY), max_line=max_line)


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as writing:
        writing.write(text)


def pieces(file: GrowingFile, begin: int = 0, most: int = 1000) -> list[tuple[bytes, bool]]:
    """What a reader gets from an offset on, block by block."""
    read: list[tuple[bytes, bool]] = []
    while begin < file.whole:
        read.append(file.read(begin, most))
        begin += len(read[-1][0])
    assert file.read(begin, most) == (b"", False)
    return read


# Whole lines and half ones.


def test_an_empty_file_has_nothing_and_no_fingerprint(file: GrowingFile) -> None:
    assert not file.look(1.0)
    assert (file.whole, file.half, file.exhausted, file.fingerprint, file.grew) == (0, 0, True, 0, 0.0)
    assert file.read(0) == (b"", False)


def test_only_whole_lines_are_given_and_half_ones_wait(path: Path, file: GrowingFile) -> None:
    append(path, b"one\ntwo\nthr")
    assert not file.look(1.0)
    assert (file.whole, file.half) == (8, 3)
    assert pieces(file) == [(b"one\ntwo\n", False)]
    append(path, b"ee\n")
    file.look(2.0)
    assert (file.whole, file.half) == (14, 0)
    assert pieces(file, 8) == [(b"three\n", False)]


def test_what_is_appended_after_a_look_waits_for_the_next(path: Path, file: GrowingFile) -> None:
    append(path, b"one\n")
    file.look(1.0)
    append(path, b"two\n")
    assert pieces(file) == [(b"one\n", False)]


def test_it_knows_when_it_grew_and_when_it_was_written_to(path: Path, file: GrowingFile) -> None:
    append(path, b"one\n")
    file.look(1.0)
    os.utime(path, ns=(7, 7))
    file.look(2.0)
    assert (file.grew, file.modified) == (1.0, 7)
    append(path, b"t")
    file.look(3.0)
    assert file.grew == 3.0


def test_a_half_line_that_is_given_ends_at_a_cut_and_the_rest_is_a_line(path: Path, file: GrowingFile) -> None:
    append(path, b"one\nha")
    file.look(1.0)
    file.end_half_line()
    assert file.half == 0
    append(path, b"lf\ntwo\n")
    file.look(2.0)
    assert pieces(file) == [(b"one\nha", True), (b"lf\ntwo\n", False)]


def test_without_a_half_line_nothing_is_cut(path: Path, file: GrowingFile) -> None:
    append(path, b"one\n")
    file.look(1.0)
    file.end_half_line()
    assert pieces(file) == [(b"one\n", False)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"x" * 10 + b"\n", [(b"x" * 10 + b"\n", False)]),
        (b"x" * 25 + b"\ny\n", [(b"x" * 10, True), (b"x" * 10, True), (b"x" * 5 + b"\ny\n", False)]),
        (b"y\n" + b"x" * 12, [(b"y\n" + b"x" * 10, True)]),
    ],
    ids=["just as long", "as the first", "half"],
)
def test_a_line_beyond_max_line_comes_in_pieces(text: bytes, expected: list[tuple[bytes, bool]], path: Path) -> None:
    file = growing(path, max_line=10)
    append(path, text)
    file.look(1.0)
    assert pieces(file) == expected
    file.close()


def test_a_long_line_that_comes_in_small_looks_comes_in_the_same_pieces(path: Path) -> None:
    file = growing(path, max_line=10)
    for _ in range(5):
        append(path, b"x" * 5)
        file.look(1.0)
    append(path, b"\n")
    file.look(1.0)
    assert pieces(file) == [(b"x" * 10, True), (b"x" * 10, True), (b"x" * 5 + b"\n", False)]
    file.close()


# Portions.


def test_a_read_ends_at_a_line_within_its_portion_and_has_at_least_one_line(path: Path, file: GrowingFile) -> None:
    append(path, b"one\ntwo\n" + b"x" * 100 + b"\n" + b"y" * 100 + b"\n")
    file.look(1.0)
    assert [text for text, _ in pieces(file, most=9)] == [b"one\ntwo\n", b"x" * 100 + b"\n", b"y" * 100 + b"\n"]


def test_a_look_sees_a_portion_and_says_that_there_is_more(path: Path, file: GrowingFile) -> None:
    append(path, b"one\ntwo\nthree\n")
    assert file.look(1.0, most=5)
    assert (file.whole, file.half, file.exhausted) == (4, 1, False)
    assert file.look(2.0, most=5)
    assert not file.look(3.0, most=5)
    assert (file.whole, file.exhausted) == (14, True)


def test_a_large_file_is_not_seen_in_one_look(path: Path, file: GrowingFile) -> None:
    append(path, (b"x" * 99 + b"\n") * (LOOKED // 100 + 1))
    assert file.look(1.0)
    assert file.searched == LOOKED
    assert not file.look(1.0)


def test_what_is_skipped_is_not_seen(path: Path, file: GrowingFile) -> None:
    append(path, b"one\ntwo\nthr")
    file.skip_lines()
    assert (file.whole, file.searched) == (8, 8)
    append(path, b"ee\n")
    file.look(1.0)
    assert pieces(file, 8) == [(b"three\n", False)]
    assert file.is_of(fingerprint_at(path))


def fingerprint_at(path: Path) -> int:
    other = growing(path)
    other.look(0.0)
    other.close()
    return other.fingerprint


# Marks.


def test_a_file_keeps_the_fingerprint_that_it_had_when_it_was_shorter(path: Path, file: GrowingFile) -> None:
    append(path, LINE % 1 + b"\n")
    file.look(1.0)
    known = file.fingerprint
    append(path, (LINE % 2 + b"\n") * 100)
    file.look(2.0)
    assert file.is_of(known)
    assert file.fingerprint != known
    assert not file.is_of(known + 1)


# Written over.


def test_a_truncated_file_was_overwritten(path: Path, file: GrowingFile) -> None:
    append(path, b"one\ntwo\n")
    file.look(1.0)
    path.write_bytes(b"one\n")
    with pytest.raises(Overwritten):
        file.look(2.0)


@pytest.mark.parametrize("grown", [0, 1, 1000], ids=["same size", "a little larger", "much larger"])
@pytest.mark.parametrize("skipped", [False, True])
def test_a_file_that_was_written_anew_and_is_as_large_or_larger_was_overwritten(
    grown: int, skipped: bool, path: Path, file: GrowingFile
) -> None:
    append(path, LINE % 1 + b"\n" + LINE % 2 + b"\n")
    if skipped:
        file.skip_lines()
    else:
        file.look(1.0)
    path.write_bytes(LINE % 3 + b"\n" + LINE % 4 + b"\n" + b"x" * grown)
    with pytest.raises(Overwritten):
        file.look(2.0)


def test_no_more_than_the_trail_need_differ(path: Path, file: GrowingFile) -> None:
    append(path, b"1" + b"x" * (TRAIL - 2) + b"\n")
    file.look(1.0)
    path.write_bytes(b"2" + b"x" * (TRAIL - 2) + b"\n")
    with pytest.raises(Overwritten):
        file.look(2.0)


@pytest.mark.parametrize("text", [b"a", b"a\n", b"a" * 300 + b"\n"])
def test_appending_is_no_overwriting(text: bytes, path: Path, file: GrowingFile) -> None:
    for turn in range(10):
        append(path, text)
        assert not file.look(float(turn))
    assert file.searched == 10 * len(text)


# Copies and closing.


def test_it_goes_on_in_a_copy_behind_what_it_saw(path: Path, file: GrowingFile) -> None:
    append(path, b"one\n")
    file.look(1.0)
    copy = path.with_name("app.log.1")
    copy.write_bytes(b"one\ntwo\n")
    before = file.descriptor
    path.write_bytes(b"")
    file.adopt(os.open(copy, os.O_RDONLY), (1, 2))
    file.look(2.0)
    assert pieces(file, 4) == [(b"two\n", False)]
    assert (file.identity, file.seen) == ((1, 2), 4)
    assert before is not None
    assert before != file.descriptor


def test_a_copy_that_lacks_what_was_seen_ends_at_its_last_whole_line(path: Path, file: GrowingFile) -> None:
    append(path, b"one\ntwo\nthree")
    file.look(1.0)
    file.end_half_line()
    copy = path.with_name("app.log.1")
    copy.write_bytes(b"one\ntw")
    file.adopt(os.open(copy, os.O_RDONLY), (1, 2))
    file.look(2.0)
    assert (file.whole, file.half, file.seen, file.lines.cuts) == (4, 2, 13, [])


def test_it_knows_that_it_was_deleted(path: Path, file: GrowingFile) -> None:
    file.look(1.0)
    assert not file.deleted
    path.unlink()
    file.look(2.0)
    assert file.deleted


def test_closing_lets_go_of_the_file_once(path: Path) -> None:
    file = growing(path)
    descriptor = file.descriptor
    assert descriptor is not None
    file.close()
    file.close()
    assert file.descriptor is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("written", [b"", b"one\n", b"1\n2\n3\n4\n", b"one\nTWO\nthree\n"])
def test_of_a_file_that_is_written_over_between_look_and_read_nothing_is_given(
    written: bytes, path: Path, file: GrowingFile
) -> None:
    """Not what it holds by then, in the middle of what it held."""
    append(path, b"one\ntwo\n")
    file.look(1.0)
    path.write_bytes(written)
    assert file.read(0) == file.read(4) == (b"", False)


# All of it together.


WRITTEN = st.text("ab\n", max_size=12).map(str.encode)


@given(st.lists(st.tuples(WRITTEN, st.integers(0, 8), st.integers(1, 6))), st.integers(1, 20))
def test_whatever_is_appended_between_looks_comes_as_exactly_those_lines(
    steps: list[tuple[bytes, int, int]], max_line: int
) -> None:
    descriptor = os.memfd_create("log")
    file = GrowingFile("app.log", descriptor, max_line=max_line)
    content, blocks, offset = b"", list[tuple[bytes, bool]](), 0
    try:
        for turn, (text, looks, most) in enumerate([*steps, (b"", 1000, 1000)]):
            os.pwrite(descriptor, text, len(content))
            content += text
            for _ in range(looks):
                file.look(float(turn), most)
                while offset < file.whole:
                    blocks.append(file.read(offset, most))
                    offset += len(blocks[-1][0])
        assert file.exhausted
        assert content[file.whole :].count(b"\n") == 0
        assert file.half == len(content) - file.whole <= max_line
    finally:
        file.close()
    told = b"".join(text for text, _ in blocks)
    assert told == content[: file.whole]
    # Only a piece of a line may end without a line break, and a piece is all of `max_line`.
    for text, partial in blocks:
        assert partial == (not text.endswith(b"\n"))
        assert not partial or len(text.rpartition(b"\n")[2]) == max_line
