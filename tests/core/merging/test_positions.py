"""How far logs are given out while a batch is given out line by line: no line is lost, and none comes twice."""

from __future__ import annotations

import pytest

from logagent.core.batch import Batch, Origin, Position
from logagent.core.merging.positions import PartlyGiven, Positions

A = Origin("web-1", "a.log", log="a.log", fingerprint=1)
OLD_A = Origin("web-1", "a.log.1", log="a.log", fingerprint=2)
B = Origin("web-1", "b.log", log="b.log", fingerprint=3)


def at(log: str, fingerprint: int, offset: int) -> Position:
    return Position("web-1", log, fingerprint, offset)


def held(batch: Batch, given: int) -> PartlyGiven:
    return PartlyGiven(batch, batch.lines(), given)


def test_the_last_position_of_a_log_counts() -> None:
    positions = Positions(newest=False)
    positions.advance([at("a.log", 1, 5), at("b.log", 3, 7), at("a.log", 1, 9)])
    assert positions.current() == [at("a.log", 1, 9), at("b.log", 3, 7)]


@pytest.mark.parametrize(("given", "offset"), [(0, 10), (1, 14), (2, 18), (3, 22)])
def test_oldest_first_a_log_is_given_out_up_to_the_next_line(given: int, offset: int) -> None:
    batch = Batch(b"one\ntwo\nsix\n", 3, None, [10, 14, 18], (A,), positions=(at("a.log", 1, 50),))
    assert Positions(newest=False).current([held(batch, given)]) == [at("a.log", 1, offset)]


@pytest.mark.parametrize(("given", "offset"), [(0, 22), (1, 18), (2, 14), (3, 10)])
def test_newest_first_a_log_is_given_out_down_to_the_last_line_given(given: int, offset: int) -> None:
    batch = Batch(b"six\ntwo\none\n", 3, None, [18, 14, 10], (A,), positions=(at("a.log", 1, 0),))
    assert Positions(newest=True).current([held(batch, given)]) == [at("a.log", 1, offset)]


EVENTS = Batch(b"y\n  y2\nx\n  x2\n  x3\n", 5, None, [50, 52, 10, 12, 17], (A,), flags=bytes([0, 1, 0, 1, 1]))
"""Two events, newest first, the lines of each in their own order."""


def test_newest_first_all_lines_of_an_event_that_is_held_lie_before_its_end() -> None:
    assert Positions(newest=True).current([held(EVENTS, 0)]) == [at("a.log", 1, 57)]
    only_the_last = Batch(b"x\n  x2\n  x3\n", 3, None, [10, 12, 17], (A,), flags=bytes([0, 1, 1]))
    assert Positions(newest=True).current([held(only_the_last, 0)]) == [at("a.log", 1, 22)]


@pytest.mark.parametrize(("given", "offset"), [(1, 50), (2, 50), (3, 10), (4, 10), (5, 10)])
def test_newest_first_an_event_that_is_given_in_part_counts_from_its_first_line(given: int, offset: int) -> None:
    assert Positions(newest=True).current([held(EVENTS, given)]) == [at("a.log", 1, offset)]


def test_newest_first_the_event_behind_one_that_is_held_is_none_of_its_lines() -> None:
    batch = Batch(b"y\nx\n", 2, None, [50, 10], (A,), flags=bytes([0, 0]))
    assert Positions(newest=True).current([held(batch, 0)]) == [at("a.log", 1, 52)]


def test_a_log_of_which_lines_are_held_stays_where_it_was_known_to_be() -> None:
    positions = Positions(newest=False)
    positions.advance([at("a.log", 1, 5)])
    batch = Batch(b"one\n", 1, None, [10], (A,), positions=(at("a.log", 1, 14),))
    assert positions.current([held(batch, 0)]) == [at("a.log", 1, 5)]
    assert positions.current([held(batch, 1)]) == [at("a.log", 1, 14)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [(0, at("a.log", 2, 90)), (1, at("a.log", 2, 94)), (2, at("a.log", 1, 4))],
)
def test_a_log_goes_from_one_of_its_files_to_the_next(given: int, expected: Position) -> None:
    batch = Batch(b"one\ntwo\n", 2, None, [90, 0], (OLD_A, A), [0, 1])
    assert Positions(newest=False).current([held(batch, given)]) == [expected]


def test_a_log_of_which_a_batch_has_no_lines_is_as_far_as_the_batch_says() -> None:
    batch = Batch(b"one\n", 1, None, [0], (A,), positions=(at("a.log", 1, 4), at("b.log", 3, 99)))
    assert Positions(newest=False).current([held(batch, 0)]) == [at("b.log", 3, 99), at("a.log", 1, 0)]


def test_each_log_of_a_batch_has_its_own_position() -> None:
    batch = Batch(b"one\ntwo\nsix\n", 3, None, [0, 70, 4], (A, B), [0, 1, 0])
    assert Positions(newest=False).current([held(batch, 1)]) == [at("a.log", 1, 4), at("b.log", 3, 70)]
    assert Positions(newest=False).current([held(batch, 2)]) == [at("a.log", 1, 4), at("b.log", 3, 74)]


def test_a_batch_without_places_tells_nothing_before_it_is_given_out() -> None:
    batch = Batch(b"one\n", 1, None, None, (A,), positions=(at("a.log", 1, 4),))
    assert Positions(newest=False).current([held(batch, 1)]) == []


def test_what_is_held_changes_nothing_that_is_known() -> None:
    positions = Positions(newest=False)
    batch = Batch(b"one\n", 1, None, [0], (A,))
    positions.current([held(batch, 1)])
    assert positions.current() == []
