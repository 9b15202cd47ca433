"""Which blocks go into an answer as they are, beside the same answer made of their lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import Origin
from logagent.core.limits import Allowance
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.batches.whole_blocks import WholeBlocks
from logagent.disk.files.blocks import Block
from testbed.numbered import NumberedTimes

MAX_LINE = 12
FILES = [Origin("web", "app.log.1", fingerprint=8), Origin("web", "app.log", fingerprint=7)]
BLOCK = st.lists(st.sampled_from([b"1 a", b"22 bcd", b"", b"333 a long line"]), min_size=1, max_size=4)


def builder(**asked: Any) -> BatchBuilder:
    query = Query.of(files=("app.log",), order=Order.OLDEST, **asked)
    return BatchBuilder(query, Matcher.of(query), MAX_LINE)


def answer(it: BatchBuilder, files: list[list[bytes]]) -> list[object]:
    """Everything that an answer of these blocks holds, but the column of offsets."""
    seen: list[object] = []
    for origin, blocks in zip(FILES, files, strict=True):
        it.enter(origin, NumberedTimes())
        offset = 0
        for body in blocks:
            if not it.done:
                it.add(Block(offset, body))
            offset += len(body)
            seen += [it.count, it.size, it.done, it.refused, it.cut, it.reached(offset)]
        batch = it.take()
        seen += [batch.body, batch.count, batch.origins, batch.origin, batch.flags]
    return seen


@given(
    st.lists(st.lists(BLOCK, max_size=4), min_size=2, max_size=2),
    st.booleans(),
    st.none() | st.integers(1, 9),
    st.none() | st.integers(0, 60),
)
def test_answer_is_the_same_as_one_made_of_lines(
    files: list[list[list[bytes]]], ended: bool, n: int | None, max_bytes: int | None
) -> None:
    bodies = [[b"".join(line + b"\n" for line in lines) for lines in blocks] for blocks in files]
    if not ended:
        bodies = [[*blocks[:-1], blocks[-1].removesuffix(b"\n") or b"\n"] if blocks else [] for blocks in bodies]
    whole, of_lines = (answer(builder(n=n, max_bytes=max_bytes, places=places), bodies) for places in (False, True))
    assert whole == of_lines


def test_block_is_sent_without_a_copy() -> None:
    it, body = builder(), b"1 a\n2 b\n"
    it.enter(FILES[1], None)
    it.add(Block(0, body))
    assert it.take().body is body


@pytest.mark.parametrize(
    "asked",
    [
        {"order": Order.NEWEST},
        {"unit": Unit.EVENT},
        {"keywords": (b"a",)},
        {"exclude": (b"a",)},
        {"since": 1},
        {"times": True},
        {"places": True},
        {"before": 1},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_other_questions_look_at_the_lines(asked: dict[str, Any]) -> None:
    query = Query.of(files=("app.log",), **{"order": Order.OLDEST, **asked})
    blocks = WholeBlocks(query, Matcher.of(query), MAX_LINE, Allowance(None, None))
    assert blocks.admit(Block(0, b"1 a\n2 b\n")) == 0


def test_lines_are_looked_at_where_one_may_be_long_or_has_no_end() -> None:
    query = Query.of(files=("app.log",), order=Order.OLDEST)
    blocks = WholeBlocks(query, Matcher.of(query), MAX_LINE, Allowance(None, None))
    assert [blocks.admit(Block(0, body)) for body in (b"1 a\n2 b\n", b"1 a\n2 b", b"1\n" * MAX_LINE, b"")] == [
        2,
        0,
        0,
        0,
    ]
