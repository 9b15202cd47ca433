"""A cursor for each record: what was given out stays given out, and nothing is left out."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.batch import Batch, LineFlag, Origin, Position
from logagent.core.cursor import decode
from logagent.core.merging.positions import PartlyGiven, Positions
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.query import Order, Query
from testbed.queries import changed

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
OLDEST = Query.of(files=("*.log",), order=Order.OLDEST)
NEWEST = changed(OLDEST, order=Order.NEWEST)
A = Origin("web-1", "a.log", log="a.log", fingerprint=1)
B = Origin("web-1", "b.log", log="b.log", fingerprint=2)


def positions(query: Query, cursor: str) -> set[Position]:
    return set(decode(cursor, query).positions) if cursor else set()


def at(log: str, offset: int, fingerprint: int = 1) -> Position:
    return Position("web-1", log, fingerprint, offset)


def test_from_older_to_newer_a_cursor_lies_behind_the_line_break() -> None:
    cursors = RecordCursors(OLDEST)
    batch = Batch(b"one\nthree\n", 2, None, [0, 4], (A,), positions=(at("a.log", 50),))
    first, last = cursors.behind(batch)
    assert positions(OLDEST, first) == {at("a.log", 4)}
    assert positions(OLDEST, last) == {at("a.log", 50)}


def test_from_newer_to_older_a_cursor_is_where_the_record_begins() -> None:
    batch = Batch(b"three\none\n", 2, None, [4, 0], (A,), positions=(at("a.log", 0),))
    first, _ = RecordCursors(NEWEST).behind(batch)
    assert positions(NEWEST, first) == {at("a.log", 4)}


def test_a_log_whose_lines_are_all_to_come_is_held_before_the_first_of_them() -> None:
    batch = Batch(b"one\ntwo\n", 2, None, [0, 8], (A, B), [0, 1], positions=(at("a.log", 4), at("b.log", 12, 2)))
    first, last = RecordCursors(OLDEST).behind(batch)
    assert positions(OLDEST, first) == {at("a.log", 4), at("b.log", 8, 2)}
    assert positions(OLDEST, last) == {at("a.log", 4), at("b.log", 12, 2)}


def test_behind_a_part_of_a_line_there_is_no_line_break() -> None:
    batch = Batch(b"be\nx\n", 2, None, [0, 2], (A,), flags=bytes([LineFlag.PARTIAL, 0]))
    first, _ = RecordCursors(OLDEST).behind(batch)
    assert positions(OLDEST, first) == {at("a.log", 2)}


def test_where_an_earlier_answer_ended_counts_until_a_log_moves_on() -> None:
    query = changed(OLDEST, positions=(at("a.log", 7), at("z.log", 9)))
    (only,) = RecordCursors(query).behind(Batch(b"one\n", 1, None, [7], (A,), positions=(at("a.log", 11),)))
    assert positions(query, only) == {at("a.log", 11), at("z.log", 9)}


def test_without_places_only_the_end_of_a_batch_has_a_cursor() -> None:
    first, last = RecordCursors(OLDEST).behind(Batch(b"a\nb\n", 2, None, None, (A,), positions=(at("a.log", 4),)))
    assert (first, positions(OLDEST, last)) == ("", {at("a.log", 4)})


def test_a_batch_without_lines_has_a_cursor_if_a_log_has_moved_on() -> None:
    cursors = RecordCursors(OLDEST)
    moved = Batch(b"", 0, positions=(at("a.log", 4),))
    assert positions(OLDEST, cursors.moved(moved)) == {at("a.log", 4)}
    assert cursors.moved(moved) == cursors.moved(Batch(b"", 0, scanned=9)) == ""


def test_too_many_logs_have_no_cursor_and_are_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cursors = RecordCursors(OLDEST)
    many = tuple(at(f"{number}.log", number, number * 7919) for number in range(2000))
    assert cursors.moved(Batch(b"", 0, positions=many)) == ""
    monkeypatch.delattr("logagent.core.merging.record_cursors.encode_plain")
    assert cursors.behind(Batch(b"a\nb\n", 2, None, [0, 2], (A,))) == ["", ""]


LINES = st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=5).map(lambda line: line.replace(b"\n", b""))))
ORIGINS = tuple(
    Origin(f"web-{place % 2}", f"{place}.log", log=f"{place}.log", fingerprint=place + 1) for place in range(4)
)


@QUICK
@given(
    LINES, st.lists(st.booleans(), min_size=40), st.booleans(), st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3))
)
def test_behind_each_record_positions_are_those_of_a_merge_that_has_given_out_so_much(
    drawn: list[tuple[int, bytes]], goes_on: list[bool], newest: bool, known: set[int], told: set[int]
) -> None:
    query = changed(NEWEST if newest else OLDEST, positions=_positions(known, 10**6 if newest else 0))
    batch = _batch(drawn, goes_on, newest, told)
    oracle = Positions(newest=newest)
    oracle.advance(query.positions)
    lines = batch.lines()
    ends = [place for place in range(1, batch.count + 1) if place == batch.count or not _continues(batch, place)]
    cursors = RecordCursors(query).behind(batch)
    assert len(cursors) == len(ends)
    for end, cursor in zip(ends[:-1], cursors, strict=False):
        assert positions(query, cursor) == set(oracle.current([PartlyGiven(batch, lines, end)]))
    oracle.advance(oracle.current([PartlyGiven(batch, lines, batch.count)]))
    oracle.advance(batch.positions)
    if cursors and told == {0, 1, 2, 3}:
        assert positions(query, cursors[-1]) == set(oracle.current())


def _positions(places: set[int], offset: int) -> tuple[Position, ...]:
    return tuple(Position(*(ORIGINS[place].host, ORIGINS[place].log), place + 1, offset) for place in sorted(places))


def _batch(drawn: list[tuple[int, bytes]], goes_on: list[bool], newest: bool, told: set[int]) -> Batch:
    """Lines of four logs, those of an event in reading order, each log's offsets in the direction of the answer."""
    origin, flags, offsets, at = [], bytearray(), [], [500_000] * 4
    for place, (index, _) in enumerate(drawn):
        further = place > 0 and goes_on[place % len(goes_on)]
        origin.append(origin[-1] if further else index)
        flags.append(LineFlag.CONTINUES if further else 0)
        at[origin[-1]] += 10 if further or not newest else -1000
        offsets.append(at[origin[-1]])
    body = b"".join(line + b"\n" for _, line in drawn)
    behind = _positions(told, 0 if newest else 10**6)
    return Batch(body, len(drawn), None, offsets, ORIGINS, origin, flags=bytes(flags), positions=behind)


def _continues(batch: Batch, place: int) -> bool:
    return batch.flags is not None and bool(batch.flags[place] & LineFlag.CONTINUES)
