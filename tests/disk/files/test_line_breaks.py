"""Where lines begin and end, wherever the pieces that are read begin and end."""

from __future__ import annotations

import pytest

from logagent.disk.files.line_breaks import line_start, whole_end
from logagent.disk.files.reader import Reader
from testbed.reading import file_of

PIECE = 64 * 1024

PLACES = [0, 1, 7, PIECE - 2, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE - 1, 2 * PIECE, 3 * PIECE - 1]
"""Where the only line break is: also at the first and the last byte of pieces, seen from either end."""


def content(place: int, size: int = 3 * PIECE) -> bytes:
    return b"x" * place + b"\n" + b"y" * (size - place - 1)


@pytest.mark.parametrize("place", PLACES)
def test_the_last_line_break_is_found_wherever_it_is(place: int) -> None:
    with file_of(content(place)) as descriptor:
        assert whole_end(descriptor) == place + 1


@pytest.mark.parametrize("text", [b"", b"no line break", b"x" * (PIECE + 1)])
def test_a_file_without_a_line_break_has_no_whole_line(text: bytes) -> None:
    with file_of(text) as descriptor:
        assert whole_end(descriptor) == 0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("before", [0, 1, PIECE - 1, PIECE])
def test_the_next_line_begins_behind_the_next_line_break(place: int, before: int) -> None:
    offset = max(1, place + 1 - before)
    with file_of(content(place)) as descriptor:
        assert line_start(Reader(descriptor, "app.log"), offset) == place + 1


def test_the_first_line_begins_at_the_beginning() -> None:
    with file_of(b"one\ntwo\n") as descriptor:
        reader = Reader(descriptor, "app.log")
        assert [line_start(reader, offset) for offset in (-1, 0, 1, 4, 5, 8, 9)] == [0, 0, 4, 4, 8, 8, 8]


def test_where_no_further_line_begins_it_is_the_size_of_the_file() -> None:
    with file_of(b"one\ntwo") as descriptor:
        assert line_start(Reader(descriptor, "app.log"), 5) == 7
