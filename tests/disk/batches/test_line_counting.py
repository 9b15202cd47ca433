"""Counting lines by two threads: how matches are found depends on how many there are, what is found does not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import pytest

from logagent.core.matching.matcher import Matcher
from logagent.core.time_range import ALL_TIME, TimeRange
from logagent.core.units import MINUTE, SECOND
from logagent.disk.batches.line_counting import DENSE, counters
from logagent.disk.files.blocks import Run
from logagent.disk.files.parallel_sweep import Examiner
from logagent.disk.files.reader import Reader
from logagent.disk.times.stamping import FileTimes

MODIFIED = 1_793_000_000 * SECOND
FIRST = 1_772_323_200 * SECOND
"""2026-03-01T00:00:00Z"""
FRAME = b"cut off\n", b"cut o"
"""What stands before and behind the lines in a chunk."""


def lines(count: int, every: int, text: bytes = b"word") -> bytes:
    """So many lines, a minute's worth, of which some have a text."""
    rest = b" and other words that make a line of a usual length for it"
    return b"".join(
        b"2026-03-01T00:00:%02dZ %b%b\n" % (number * 60 // count, b"x" if number % every else text, rest)
        for number in range(count)
    )


@contextmanager
def counter(content: bytes, *, asked: TimeRange = ALL_TIME, **matching: Any) -> Iterator[Examiner | None]:
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, content)
        stamping = FileTimes(Reader(descriptor, "app.log"), UTC, MODIFIED)
        yield counters(lambda: Matcher(**matching), stamping, asked, lambda: MINUTE)()
    finally:
        os.close(descriptor)


def examined(examiner: Examiner | None, content: bytes) -> list[Run] | None:
    assert examiner is not None
    before, behind = FRAME
    runs = examiner.examine(before + content + behind, len(before), len(before) + len(content))
    return None if runs is None else [*runs]


@pytest.mark.parametrize("matching", [{"keywords": [b"word"]}, {"keywords": [b"WORD"], "ignore_case": True}])
def test_a_literal_is_counted_the_same_where_it_is_rare_and_where_it_is_not(matching: dict[str, Any]) -> None:
    every_line, some, few, none = lines(2000, 1), lines(2000, 7), lines(2000, 1999), lines(2000, 1)[:0]
    rare = few.replace(b"words", b"verbs")
    with counter(every_line, **matching) as examiner:
        for content in (rare, every_line, some.replace(b"words", b"verbs"), rare, rare, none, every_line):
            expected = Counter({FIRST: sum(b"word" in line for line in content.splitlines())})
            counted: Counter[int] = Counter()
            for time, number in examined(examiner, content) or []:
                counted[time - time % MINUTE] += number
            assert +counted == +expected


@pytest.mark.parametrize("matching", [{"regex": [b"status=[45]"]}, {"keywords": [b"status=500"]}])
def test_two_threads_are_in_each_others_way_where_many_lines_match(matching: dict[str, Any]) -> None:
    dense, rare = lines(2000, 7, b"status=500"), lines(2000, 1999, b"status=500")
    assert dense.count(b"status") * DENSE > len(dense) > rare.count(b"status") * DENSE
    with counter(dense, **matching) as examiner:
        assert examiner is not None
        for content, alone in ((rare, False), (dense, True), (rare, False)):
            assert examined(examiner, content)
            assert examiner.alone is alone


def test_lines_of_another_shape_are_left_if_they_are_to_be_counted() -> None:
    content = lines(100, 2) + b"\tat word\n" + lines(100, 2)
    with counter(content) as examiner:
        assert examined(examiner, content) is None
    with counter(content, keywords=[b"x and"]) as examiner:
        assert examined(examiner, content) == [(FIRST, 100)]
    with counter(content, keywords=[b"at word"]) as examiner:
        assert examined(examiner, content) is None


@pytest.mark.parametrize(
    ("asked", "matching", "expected"),
    [
        (ALL_TIME, {}, [(MODIFIED, 4)]),
        (ALL_TIME, {"keywords": [b"o"]}, [(MODIFIED, 3)]),
        (ALL_TIME, {"keywords": [b"x"]}, []),
        (TimeRange(MODIFIED + 1), {}, []),
    ],
)
def test_lines_without_times_are_counted_by_that_of_their_file(
    asked: TimeRange, matching: dict[str, Any], expected: list[Run]
) -> None:
    with counter(b"one\ntwo\n\nfour\n", asked=asked, **matching) as examiner:
        assert examined(examiner, b"one\ntwo\n\nfour\n") == expected


def test_lines_that_need_their_order_have_no_counter() -> None:
    with counter(b"Dec 31 23:59:59 x\n" * 9 + b"Jan  1 00:00:00 x\n" * 9) as examiner:  # of two years
        assert examiner is None
