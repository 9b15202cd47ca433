"""What is kept of picked lines is their newest part, within the room there is; further passes give the rest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.disk.archives import picked_lines
from logagent.disk.archives.picked_lines import KeptLines, PickedLines

PART = 1000
"""Bytes of the text between the beginnings of two parts."""

parts = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=15)


@pytest.fixture(autouse=True, scope="module")
def _small_groups() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picked_lines, "GROUP", 20)
        yield


def picked(drawn: list[tuple[int, bool, bool]]) -> list[PickedLines]:
    """Parts of a text, oldest first; drawn are the number of lines of each, and whether it has places and times."""
    timed = bool(drawn) and drawn[0][2]
    found, numbers = [], count()
    for place, (lines, places, _) in enumerate(drawn):
        own = [next(numbers) for _ in range(lines)][::-1]
        texts, times = [b"line %d" % number for number in own], [-number for number in own] if timed else None
        found.append(
            PickedLines(PART * place, PART - 1, texts, [7 * number for number in own] if places else [], times)
        )
    return found


def passes(given_parts: list[PickedLines], room: int, most: int | None) -> Iterator[PickedLines]:
    """What passes over the parts give, until nothing is left."""
    while True:
        keeping = KeptLines(room, most)
        for part in given_parts:
            keeping.add(part)
        keeping.end()
        begin, most = keeping.begin, keeping.most_left
        yield from keeping.given_out()
        if not keeping.dropped or most == 0:
            return
        assert begin is not None
        given_parts = [part for part in given_parts if part.offset < begin]


@settings(max_examples=300, deadline=None)
@given(drawn=parts, room=st.integers(1, 400), most=st.none() | st.integers(1, 20))
def test_passes_give_the_newest_lines_once_each(
    drawn: list[tuple[int, bool, bool]], room: int, most: int | None
) -> None:
    whole = picked(drawn)
    lines = [line for part in reversed(whole) for line in part.lines]
    given_out = list(passes(whole, room, most))
    found = [line for part in given_out for line in part.lines]
    assert found == lines[: len(found)]
    assert len(found) == len(lines) if most is None else len(found) >= min(most, len(lines))
    assert [part.offset for part in given_out] == sorted({part.offset for part in given_out}, reverse=True)


@settings(max_examples=200, deadline=None)
@given(drawn=parts)
def test_each_line_keeps_its_place_and_its_time(drawn: list[tuple[int, bool, bool]]) -> None:
    whole = picked(drawn)
    given_out = list(passes(whole, 10_000, None))
    assert [start for part in given_out for start in part.starts] == [
        start for part in reversed(whole) for start in part.starts
    ]
    assert [time for part in given_out for time in part.times or []] == [
        time for part in reversed(whole) for time in part.times or []
    ]
    for part in given_out:
        assert len(part.starts) in (0, len(part.lines))
        within = [one for one in whole if part.offset <= one.offset < part.offset + part.size]
        assert [line for one in reversed(within) for line in one.lines] == part.lines


def test_a_part_without_lines_takes_no_room() -> None:
    keeping = KeptLines(1, None)
    for _ in range(1000):
        keeping.add(PickedLines(0, PART, [], [], None))
    keeping.end()
    assert (keeping.begin, list(keeping.given_out()), keeping.dropped) == (None, [], False)


def test_one_pass_holds_several_times_its_room_in_lines() -> None:
    line = b"2026-03-01T00:00:00.000Z INFO [worker-01] deadline request GET /login status=200 took 17 ms"
    keeping = KeptLines(100_000, None)
    for number in range(100):
        keeping.add(PickedLines(PART * number, PART, [line] * 50, [], None))
    keeping.end()
    assert sum(len(part.lines) for part in keeping.given_out()) == 5000
    assert 5000 * len(line) > 4 * 100_000
    assert not keeping.dropped


def test_times_that_take_more_than_64_bits_are_kept_too() -> None:
    times = [2**70, -(2**63) - 1, 0, 2**63 - 1]
    whole = [PickedLines(0, 100, [b"a", b"b", b"c", b"d"], [30, 20, 10, 0], times)]
    assert [(part.starts, part.times) for part in passes(whole, 10_000, None)] == [([30, 20, 10, 0], times)]
