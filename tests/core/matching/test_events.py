"""Events come whole, each line in one of them, in either direction and wherever the blocks are cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.matching.context import Record
from logagent.core.matching.events import Events

LINES = st.lists(st.sampled_from([b"1 a", b"2 b", b" at x", b"", b"\tat y", b"3"]), max_size=30)
SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=3)


def stamps(_: int, lines: Sequence[bytes]) -> list[int | None]:
    return [int(line[:1]) if line[:1].isdigit() else None for line in lines]


def text_of(lines: list[bytes], ended: bool) -> bytes:
    text = b"".join(line + b"\n" for line in lines)
    return text if ended or not lines or not lines[-1] else text[:-1]


def expected(lines: list[bytes]) -> list[Record]:
    events: list[tuple[int, list[bytes]]] = []
    offsets = accumulate((len(line) + 1 for line in lines), initial=0)
    for offset, line in zip(offsets, lines, strict=False):
        if not events or line[:1].isdigit():
            events.append((offset, []))
        events[-1][1].append(line)
    return [Record(offset, b"\n".join(event)) for offset, event in events]


def blocks(text: bytes, sizes: list[int]) -> list[tuple[int, bytes]]:
    """The text in blocks of so many lines, over and over."""
    lines = text.splitlines(keepends=True)
    cut: list[tuple[int, bytes]] = []
    while lines:
        size = sizes[len(cut) % len(sizes)]
        cut.append((sum(len(block) for _, block in cut), b"".join(lines[:size])))
        lines = lines[size:]
    return cut


@settings(max_examples=300, deadline=None)
@given(LINES, SIZES, st.booleans(), st.booleans())
def test_events_are_whole_however_the_text_is_cut(
    lines: list[bytes], sizes: list[int], newest: bool, end: bool
) -> None:
    events = Events(newest=newest)
    came: list[Record] = []
    cut = blocks(text_of(lines, end), sizes)
    for offset, block in reversed(cut) if newest else cut:
        some = events.add(offset, block, stamps)
        came = some + came if newest else came + some
    last = events.finish()
    came = last + came if newest else came + last
    assert came == expected(lines)


@settings(max_examples=300, deadline=None)
@given(LINES, SIZES, st.booleans())
def test_a_block_without_what_is_looked_for_may_be_passed_over(
    lines: list[bytes], sizes: list[int], newest: bool
) -> None:
    events = Events(newest=newest)
    came: list[Record] = []
    cut = blocks(text_of(lines, True), sizes)
    for offset, block in reversed(cut) if newest else cut:
        if b"y" in events.kept + block:
            came += events.add(offset, block, stamps)
        else:
            events.pass_over(offset, block, stamps)
    came += events.finish()
    assert sorted(event for event in came if b"y" in event[1]) == [
        event for event in expected(lines) if b"y" in event[1]
    ]


def test_an_event_too_long_to_be_held_comes_in_pieces() -> None:
    events = Events(newest=False, most=10)
    came = events.add(0, b"1 a\n", stamps) + events.add(4, b"x" * 9 + b"\n", stamps) + events.add(14, b"y\n", stamps)
    assert came + events.finish() == [Record(0, b"1 a\n" + b"x" * 9), Record(14, b"y")]
