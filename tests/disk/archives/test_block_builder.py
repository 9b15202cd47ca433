"""Pieces of a text become blocks of whole lines, wherever the pieces begin and end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logagent.disk.archives.block_builder import BlockBuilder, ChunkedText, StreamedLine
from logagent.disk.files.blocks import Block

pieces_of_text = st.lists(st.sampled_from([b"", b"a", b"bcd", b"\n", b"ab\n", b"\n\nx"]), max_size=12)


@given(pieces=pieces_of_text, sizes=st.lists(st.integers(1, 4), min_size=1))
def test_a_text_is_taken_in_pieces_no_larger_than_asked_for(pieces: list[bytes], sizes: list[int]) -> None:
    text, taken = ChunkedText(iter(pieces)), b""
    while (piece := text.take(sizes[len(taken) % len(sizes)])) is not None:
        assert len(piece) <= max(sizes)
        taken += piece
    assert taken == b"".join(pieces)


def test_what_is_put_back_comes_next() -> None:
    text = ChunkedText(iter([b"abcd", b"ef"]))
    assert text.take(3) == b"abc"
    text.put_back(b"bc")
    assert [text.take(9), text.take(9), text.take(9)] == [b"bcd", b"ef", None]


@given(pieces=pieces_of_text, offset=st.integers(0, 9))
def test_blocks_hold_whole_lines_and_what_is_loose_follows(pieces: list[bytes], offset: int) -> None:
    cutting, text = BlockBuilder(offset), b""
    for piece in pieces:
        cutting.add(piece)
        text += piece
        end = text.rfind(b"\n") + 1
        assert (cutting.whole, cutting.loose) == (end, len(text) - end)
    cutting.end()
    assert cutting.block() == Block(offset, text)
    assert (cutting.offset, cutting.whole, cutting.loose) == (offset + len(text), 0, 0)


@given(head=st.binary(max_size=5), pieces=pieces_of_text, size=st.integers(1, 4))
def test_a_passing_line_ends_at_its_line_break_and_what_follows_is_put_back(
    head: bytes, pieces: list[bytes], size: int
) -> None:
    whole = b"".join(pieces)
    text = ChunkedText(iter(pieces))
    line = StreamedLine(100, head, text, size)
    rest, line_break, _ = whole.partition(b"\n")
    assert b"".join(line.more()) == rest
    assert line.end == 100 + len(head) + len(rest)
    assert line.behind == line.end + len(line_break)
    assert list(line.more()) == []
    left = b""
    while (piece := text.take(9)) is not None:
        left += piece
    assert rest + line_break + left == whole
