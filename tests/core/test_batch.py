"""Batches cut between lines."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch, LineFlag, Notice, Origin, pieces
from logagent.core.outcome import Status

LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=40)


def batch_of(lines: list[bytes]) -> Batch:
    numbers = list(range(len(lines)))
    body = b"".join(line + b"\n" for line in lines)
    origins = (Origin("a", "f"), Origin("b", "f"))
    return Batch(
        body,
        len(lines),
        numbers,
        [number * 2 for number in numbers],
        origins,
        [number % 2 for number in numbers],
        77,
        99,
        bytes(LineFlag.CONTINUES if number % 3 == 2 else 0 for number in numbers),
        [number * 3 for number in numbers],
    )


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(1, 60))
def test_pieces_put_together_are_the_batch(lines: list[bytes], most: int) -> None:
    whole = batch_of(lines)
    cut = list(pieces(whole, most))
    assert b"".join(piece.body for piece in cut) == whole.body
    assert [time for piece in cut for time in piece.times or []] == whole.times
    assert [offset for piece in cut for offset in piece.offsets or []] == whole.offsets
    assert [index for piece in cut for index in piece.origin_of_each()] == whole.origin
    assert b"".join(piece.flags or b"" for piece in cut) == whole.flags
    assert [key for piece in cut for key in piece.keys or []] == whole.keys
    assert (sum(piece.scanned for piece in cut), sum(piece.planned for piece in cut)) == (77, 99)


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(1, 60))
def test_no_piece_is_too_long_but_a_single_record_and_no_event_is_cut(lines: list[bytes], most: int) -> None:
    for piece in pieces(batch_of(lines), most):
        assert piece.body.count(b"\n") == piece.count
        assert len(piece.body) <= most or piece.records == 1
        assert piece.flags is None or not piece.flags[0] & LineFlag.CONTINUES


def test_batch_that_is_short_enough_goes_on_as_it_is() -> None:
    whole = batch_of([b"one", b"two"])
    assert [*pieces(whole, 8)] == [whole]
    assert next(pieces(whole, 8)) is whole


def test_what_is_said_before_a_batch_comes_with_its_first_piece_and_what_is_behind_it_with_its_last() -> None:
    notice = Notice("a", Status.OK, "back")
    cut = list(pieces(Batch(b"one\ntwo\n", 2, notices=(notice,), live=True), 4))
    assert [(piece.notices, piece.live) for piece in cut] == [((notice,), False), ((), True)]


def test_part_of_a_line_has_no_line_break() -> None:
    batch = Batch(b"one\nhal\n", 2, flags=bytes([0, LineFlag.PARTIAL]))
    assert [batch.line_break(0), batch.line_break(1), replace(batch, flags=None).line_break(1)] == [1, 0, 1]


def test_columns_that_are_not_there_stay_away() -> None:
    cut = list(pieces(Batch(b"one\ntwo\n", 2), 4))
    assert [(piece.times, piece.offsets, piece.origin) for piece in cut] == [(None, None, None)] * 2


def test_lines_beside_a_record_are_none() -> None:
    flags = bytes(
        [
            0,
            LineFlag.CONTINUES,
            LineFlag.GAP,
            LineFlag.LEADS,
            LineFlag.TRAILS,
            LineFlag.LEADS | LineFlag.GAP,
            LineFlag.TRAILS | LineFlag.GAP,
        ]
    )
    assert Batch(b"x\n" * 7, 7, flags=flags).records == 2
    assert Batch(b"x\n" * 7, 7).records == 7
