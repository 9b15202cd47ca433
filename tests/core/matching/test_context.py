"""Context equals what grep prints, in either order and however the lines are cut into blocks."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import LineFlag
from logagent.core.matching.context import Contexts, Record

LINES = st.lists(st.sampled_from([b"match", b"a", b"b", b"c", b"d"]), max_size=40)
SIZES = st.integers(0, 4)


def records_of(lines: list[bytes]) -> list[Record]:
    return [Record(place, line) for place, line in enumerate(lines)]


def rows(contexts: Contexts, lines: list[bytes], cuts: list[int]) -> list[bytes]:
    """The answer as grep prints it; `cuts`: how many lines come at a time, over and over."""
    records = records_of(lines)
    printed: list[bytes] = []
    begin, turn = 0, 0
    while begin < len(records):
        block = records[begin : begin + cuts[turn % len(cuts)]]
        picked = contexts.pick(block, [index for index, record in enumerate(block) if record.text == b"match"])
        for record, flag in zip(picked.records, picked.flags, strict=True):
            printed += [b"--"] if flag & LineFlag.GAP else []
            printed.append(record.text)
        begin, turn = begin + len(block), turn + 1
    return printed


def grep(lines: list[bytes], before: int, after: int) -> list[bytes]:
    command = ["grep", "-F", "-x", f"-B{before}", f"-A{after}", "match"]
    text = b"".join(line + b"\n" for line in lines)
    return subprocess.run(command, input=text, capture_output=True).stdout.splitlines()


@settings(max_examples=150, deadline=None)
@given(LINES, SIZES, SIZES, st.lists(st.integers(1, 7), min_size=1, max_size=3))
def test_context_equals_greps_in_either_order(lines: list[bytes], before: int, after: int, cuts: list[int]) -> None:
    expected = grep(lines, before, after)
    if before == after == 0:
        expected = [line for line in expected if line != b"--"]
        assert [row for row in rows(Contexts(0, 0), lines, cuts) if row != b"--"] == expected
        return
    assert rows(Contexts(before, after), lines, cuts) == expected
    assert rows(Contexts(after, before), lines[::-1], cuts) == expected[::-1]


def test_lines_say_which_match_they_belong_to() -> None:
    lines = [b"a", b"b", b"match", b"c", b"d", b"e", b"match", b"match"]
    picked = Contexts(1, 1).pick(records_of(lines), [2, 6, 7])
    leads, trails, gap = LineFlag.LEADS, LineFlag.TRAILS, LineFlag.GAP
    assert [record.start for record in picked.records] == [1, 2, 3, 5, 6, 7]
    assert list(picked.flags) == [leads, 0, trails, leads | gap, 0, 0]


@pytest.mark.parametrize("owed", [0, 2])
def test_what_was_skipped_is_a_gap_and_no_context(owed: int) -> None:
    contexts = Contexts(2, owed)
    contexts.pick(records_of([b"match", b"a"]), [0])
    contexts.skip()
    later = [Record(9, b"z"), Record(10, b"match")]
    picked = contexts.pick(later, [1])
    assert picked.records == later
    assert picked.flags[0] == LineFlag.LEADS | LineFlag.GAP
