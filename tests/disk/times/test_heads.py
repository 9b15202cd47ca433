"""The heads of lines: where they begin, and as much of each as says when it was written."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from logagent.core.times.locating import SEEN
from logagent.disk.times.heads import BEHIND, Head, Heads, heads_of

texts = st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"")), max_size=20).map(b"\n".join)


@given(texts, st.integers(0, 200), st.integers(0, 200))
def test_the_lines_that_begin_in_a_stretch_have_heads(text: bytes, begin: int, end: int) -> None:
    lines = text.split(b"\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    wanted = [
        Head(start, line) for start, line in zip(starts, lines, strict=False) if begin <= start < min(end, len(text))
    ]
    assert heads_of(text).between(begin, end) == wanted


def test_a_long_line_is_cut() -> None:
    text = b"x" * (SEEN + BEHIND) + b"\nnext\n"
    assert [len(head.text) for head in heads_of(text).between(0, len(text))] == [SEEN, 4]


def test_a_file_may_begin_behind_nuls() -> None:
    text = b"\0" * 100 + b"one\ntwo\n"
    heads = Heads(lambda begin, end: text[begin:end], len(text), 100)
    assert heads.between(0, 200) == [Head(100, b"one"), Head(104, b"two")]


def test_a_small_stretch_is_read_once() -> None:
    asked: list[int] = []

    def read(begin: int, end: int) -> bytes:
        asked.append(begin)
        return (b"line\n" * 100)[begin:end]

    heads = Heads(read, 500)
    assert heads.between(0, 100) == heads.between(0, 100)
    assert asked == [0]
