"""What is kept of a pass is its newest wanted part, within the room there is; the rest is owed by a further pass."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.disk.archives.kept_blocks import KeptBlocks
from logagent.disk.files.blocks import Block

wanted_lines = st.lists(st.integers(0, 3), max_size=15)


def kept(
    wanted: list[int], *, room: int = 1000, most: int | None = None, around: int = 0, owed: int = 0
) -> tuple[list[int], KeptBlocks]:
    """The numbers of the blocks kept, each one line of ten bytes that counts as so many wanted lines."""
    keeping = KeptBlocks(room, most, around, owed)
    for number, lines in enumerate(wanted):
        keeping.add(Block(10 * number, b"x" * 10), b"x" * 10, lines)
    keeping.end()
    return [one.before for one in keeping.kept], keeping


def needed(wanted: list[int], most: int | None, around: int, owed: int) -> list[int]:
    numbers, lines = set(range(len(wanted))) & set(range(len(wanted) - owed, len(wanted))), 0
    for number in reversed(range(len(wanted))):
        if wanted[number] and (most is None or lines < most):
            lines += wanted[number]
            numbers |= set(range(max(0, number - around), min(number + around + 1, len(wanted))))
    return sorted(numbers)


@settings(max_examples=500, deadline=None)
@given(wanted=wanted_lines, most=st.none() | st.integers(0, 6), around=st.integers(0, 3), owed=st.integers(0, 3))
def test_with_room_all_that_is_needed_is_kept(wanted: list[int], most: int | None, around: int, owed: int) -> None:
    owed = min(owed, around)
    numbers, keeping = kept(wanted, most=most, around=around, owed=owed)
    assert set(needed(wanted, most, around, owed)) <= set(numbers)
    assert not keeping.dropped
    assert numbers == sorted(set(numbers))


@settings(max_examples=500, deadline=None)
@given(wanted=wanted_lines, most=st.none() | st.integers(1, 6), around=st.integers(0, 3), room=st.integers(1, 60))
def test_passes_with_little_room_together_give_all_that_is_needed_once(
    wanted: list[int], most: int | None, around: int, room: int
) -> None:
    given_out: list[int] = []
    left, asked, owed = wanted, most, 0
    while True:
        numbers, keeping = kept(left, room=room, most=asked, around=around, owed=owed)
        if not numbers:
            break
        assert len(numbers) <= max(1, room // 10)
        given_out = numbers + given_out
        if not keeping.dropped:
            break
        left, asked, owed = left[: numbers[0]], keeping.most_left, keeping.owed_left
    assert given_out == sorted(set(given_out))
    assert set(needed(wanted, most, around, 0)) <= set(given_out)


def test_only_as_many_blocks_are_kept_as_hold_the_lines_asked_for() -> None:
    assert kept([1, 1, 0, 2, 0, 1], most=3)[0] == [3, 5]
    assert kept([1, 1, 0, 2, 0, 1], most=4)[0] == [1, 3, 5]
    assert kept([1, 1, 0, 2, 0, 1], most=0)[0] == []


def test_neighbours_are_counted_in_lines() -> None:
    keeping = KeptBlocks(1000, None, 3, 0)
    for number, (wanted, lines) in enumerate([(0, 9), (0, 9), (0, 2), (0, 1), (0, 1), (1, 1), (0, 2), (0, 2), (0, 1)]):
        keeping.add(Block(number, b"x"), b"x", wanted, lines)
    keeping.end()
    assert [one.stretch.offset for one in keeping.kept] == [0, 2, 3, 4, 5, 6, 7]
