"""Offsets in UTF-16 and UTF-32 are those of the file's own bytes, and an answer continues at each of them."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import Position
from logagent.core.cursor import decode
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.query import Order, Query, Unit
from testbed.reading import Collected, answer, in_order

ENCODINGS = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
EVERY_ENCODING = pytest.mark.parametrize("encoding", ENCODINGS)
IN_BOTH_ORDERS = pytest.mark.parametrize("order", Order)
PLAIN = "2026-11-28 10:00:00 a plain line, whose encoding is told by it\n"
lines = st.lists(st.text(st.sampled_from("ab \r日本é😀"), max_size=40), max_size=30)


def begins_in(text: str, encoding: str) -> list[int]:
    """Where the lines of a text begin in its file."""
    begins = [0]
    for line in text.splitlines(keepends=True) if "\r" not in text else text.split("\n")[:-1]:
        begins.append(begins[-1] + len((line.rstrip("\n") + "\n").encode(encoding)))
    return begins[:-1]


def offsets_of(out: Collected) -> list[int]:
    return [offset for batch in out.batches for offset in batch.offsets or ()]


def last_positions(out: Collected) -> tuple[Position, ...]:
    return next((batch.positions for batch in reversed(out.batches) if batch.positions), ())


@settings(max_examples=150, deadline=None)
@given(
    drawn=lines,
    encoding=st.sampled_from(ENCODINGS),
    order=st.sampled_from(Order),
    mark=st.sampled_from(["", "\ufeff"]),
    nuls=st.sampled_from([0, 4000]),
    packed=st.booleans(),
    size=st.integers(20, 400),
    n=st.integers(1, 30),
    asked=st.sampled_from([{}, {"keywords": (b"a",)}, {"before": 1, "regex": ("日".encode(),)}, {"unit": Unit.EVENT}]),
)
async def test_offsets_are_the_files_own_and_answers_continue_at_them(
    drawn: list[str],
    encoding: str,
    order: Order,
    mark: str,
    nuls: int,
    packed: bool,
    size: int,
    n: int,
    asked: dict[str, Any],
) -> None:
    text = PLAIN + "".join(f"{line}\n" for line in drawn)
    content = bytes(nuls) + (mark + text).encode(encoding)
    content = gzip.compress(content) if packed else content
    lead = nuls + len(mark.encode(encoding))
    begins = dict(zip((lead + begin for begin in begins_in(text, encoding)), text.encode().split(b"\n"), strict=False))
    whole, outcome = await answer([content], (size,), order=order, **asked)
    assert outcome.complete
    assert [begins[offset] for offset in offsets_of(whole)] == whole.lines
    if "before" in asked:
        return
    first, _ = await answer([content], (size,), order=order, n=n, **asked)
    rest, _ = await answer([content], (size,), order=order, positions=last_positions(first), **asked)
    assert first.lines + rest.lines == whole.lines
    assert offsets_of(first) + offsets_of(rest) == offsets_of(whole)


@EVERY_ENCODING
@IN_BOTH_ORDERS
async def test_an_answer_continues_after_each_of_its_records(encoding: str, order: Order) -> None:
    text = PLAIN + "".join(f"{'日本語' * (number % 7)} {number}\n" for number in range(40))
    content = text.encode(encoding)
    query = Query.of(files=("app.log",), order=order, times=True, places=True)
    whole, _ = await answer([content], order=order)
    cursors = RecordCursors(query)
    told = [cursor for batch in whole.batches for cursor in cursors.behind(batch)]
    for number, cursor in enumerate(told):
        rest, _ = await answer([content], order=order, positions=decode(cursor, query).positions)
        assert rest.lines == whole.lines[number + 1 :]


@EVERY_ENCODING
async def test_the_place_behind_a_line_is_told_from_the_line_alone(encoding: str) -> None:
    text = PLAIN + "日本語\n\n😀 é\n"
    out, _ = await answer([text.encode(encoding)], order=Order.OLDEST)
    ends = [*begins_in(text, encoding)[1:], len(text.encode(encoding))]
    for batch in out.batches:
        for place, line in enumerate(batch.lines()):
            assert batch.offset_behind(place, line) == ends.pop(0)


@EVERY_ENCODING
@IN_BOTH_ORDERS
@pytest.mark.parametrize("letter", ["x", "日"])
async def test_long_lines_do_not_move_the_places_of_others(encoding: str, order: Order, letter: str) -> None:
    text = PLAIN + "first\n" + letter * 1_500_000 + "\nlast\n"
    out, _ = await answer([text.encode(encoding)], (4096,), order=order)
    assert in_order(offsets_of(out), order) == begins_in(text, encoding)
    out, _ = await answer([text.encode(encoding)], (4096,), order=order, n=3)
    rest, _ = await answer([text.encode(encoding)], (4096,), order=order, positions=last_positions(out))
    assert rest.lines == ([b"last"] if order is Order.OLDEST else [PLAIN.encode().rstrip()])
