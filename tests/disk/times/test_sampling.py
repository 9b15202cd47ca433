"""Samples from all over a file."""

from __future__ import annotations

import itertools
from datetime import UTC

from logagent.disk.times.heads import heads_of
from logagent.disk.times.sampling import FEW, LINES, PLACES, judged, sampled_lines


def test_of_a_small_file_all_lines_are_taken() -> None:
    lines = [b"line %d" % number for number in range(FEW)]
    assert sampled_lines(heads_of(b"\n".join(lines))) == lines


def test_of_many_short_lines_some_that_are_evenly_spread() -> None:
    taken = sampled_lines(heads_of(b"\n".join(b"%d" % number for number in range(1000))))
    assert (len(taken), taken[0]) == (FEW, b"0")
    assert int(taken[-1]) > 990


def test_of_a_large_file_lines_at_its_beginning_and_end_and_between() -> None:
    taken = sampled_lines(heads_of(b"".join(b"line %07d\n" % number for number in range(100_000))))
    numbers = [int(line.split()[1]) for line in taken]
    assert (numbers[0], numbers[-1]) == (0, 99_999)
    assert len(numbers) == 2 * LINES * PLACES
    assert max(b - a for a, b in itertools.pairwise(numbers)) < 100_000 / (PLACES - 2)


def test_lines_that_are_not_indented_are_found_among_many_that_are() -> None:
    text = b"".join(b"head %d\n" % number + b"  at x\n" * 50 for number in range(2000))
    assert sum(line.startswith(b"head") for line in sampled_lines(heads_of(text))) >= PLACES * LINES


def test_and_members_that_may_be_times() -> None:
    text = b"".join(b"{\n" + b'  "k": "x",\n' * 100 + b'  "time": "2026-11-28T10:00:00Z"\n}\n' for _ in range(900))
    assert sum(b"time" in line for line in sampled_lines(heads_of(text))) >= PLACES
    assert judged(heads_of(text), UTC, 1_795_860_502 * 10**9).of_objects


def test_of_nothing_nothing_is_taken() -> None:
    assert sampled_lines(heads_of(b"")) == []
