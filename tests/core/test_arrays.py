"""numpy is loaded by who reads large blocks, and used by others once it is there."""

from __future__ import annotations

import subprocess
import sys
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.arrays import (
    COUNTED_BYTES,
    LENT_BYTES,
    MANY,
    NEAR,
    as_array,
    as_values,
    is_long,
    keep_none,
    lent,
    line_breaks,
    line_starts,
    starts_of_lines_at,
)
from logagent.core.batch import lines_of, starts_of

SCRIPT = """
import sys, tempfile
from array import array
from datetime import UTC
from logagent.core.arrays import MANY, is_long
from logagent.core.batch import Batch, Origin
from logagent.core.merging.keys import order_of, running_maximum
from logagent.core.rendering.records import RecordsNdjson
from logagent.disk.batches.lines import starts_in, times_at_once
from logagent.disk.files.blocks import Block
from logagent.disk.files.reader import Reader
from logagent.disk.times.stamping import FileTimes

many = array("q", range(2 * MANY))
batch = Batch(b"x\\n" * len(many), len(many), many, many, (Origin("h", "f"),))
before = [*order_of([many, many])], [*running_maximum(many, 5)], RecordsNdjson().batch(batch)
times = (b"2026-03-01T12:00:%02d line\\n" % (number % 60) for number in range(20000))
block = Block(0, b"".join(times))
starts = starts_in(block, None)
assert not is_long(many)
assert "numpy" not in sys.modules
with tempfile.TemporaryFile() as file:
    file.write(block.body)
    file.flush()
    stamping = FileTimes(Reader(file.fileno(), "f"), UTC, 0)
    assert times_at_once(stamping, block, starts[: MANY - 1]) is None
    assert not is_long(many)
    assert len(times_at_once(stamping, block, starts)) == 20000
assert is_long(many)
assert starts_in(block, None) == starts
assert before == ([*order_of([many, many])], [*running_maximum(many, 5)], RecordsNdjson().batch(batch))
"""


def test_the_times_of_a_large_block_load_numpy_and_nothing_before_does() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=60, check=False)
    assert ran.stderr == b""
    assert ran.returncode == 0


def test_only_long_arrays_are_long() -> None:
    long = array("q", range(MANY))
    assert is_long(long, long)
    assert not is_long(long, long[1:])
    assert not is_long([*long])
    assert not is_long(long, None)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_arrays_and_columns_hold_the_same(values: list[int]) -> None:
    assert as_array(values).tolist() == values
    assert as_array(array("q", values)).tolist() == values
    assert [*as_values(as_array(values))] == values


broken = st.binary(min_size=1, max_size=30).map(lambda text: text.translate(bytes([10, 65]) * 128))


@given(broken, st.data())
def test_lines_begin_behind_line_breaks(text: bytes, data: st.DataObject) -> None:
    assert line_starts(text).tolist() == starts_of(0, lines_of(text))
    first = data.draw(st.integers(0, len(text) - 1))
    last = data.draw(st.integers(first + 1, len(text)))
    assert line_starts(text, first, last).tolist() == starts_of(first, lines_of(text[first:last]))


@given(broken, st.sampled_from([1, NEAR // 9, NEAR]), st.data())
def test_each_line_that_holds_a_place_is_found_once(text: bytes, times: int, data: st.DataObject) -> None:
    text = text.replace(b"A", b"A" * times)
    first = data.draw(st.sampled_from(line_starts(text).tolist()))
    places = sorted(data.draw(st.sets(st.integers(first, len(text) - 1))))
    found = starts_of_lines_at(text, np.array(places, np.int64), first).tolist()
    assert found == sorted({text.rfind(b"\n", 0, place) + 1 for place in places})


@pytest.mark.parametrize("size", [0, 10, LENT_BYTES, LENT_BYTES + 1])
def test_what_is_lent_is_nobody_elses_meanwhile(size: int) -> None:
    for kind in (bool, int):
        with lent(kind, size) as one, lent(kind, size) as other:
            assert len(one) == len(other) == size
            one[:], other[:] = 1, 0
            assert one.all()
            assert not other.any()


@given(st.binary(max_size=40), st.integers(0, 3), st.integers(0, 50), st.integers(0, 50))
def test_line_breaks_are_counted_alike_in_texts_of_any_size(text: bytes, large: int, first: int, less: int) -> None:
    text = (text + b"a\n") * (1, 200, COUNTED_BYTES, LENT_BYTES)[large] if large < 3 else text + b"\n" * LENT_BYTES
    last = max(first, len(text) - less)
    assert line_breaks(text) == text.count(b"\n")
    assert line_breaks(text, first, last) == text.count(b"\n", first, last)


def test_what_was_lent_is_kept_for_the_next_until_nothing_is_to_be_kept() -> None:
    keep_none()
    with lent(bool, 10) as one:
        memory = one.base
    with lent(int, 20) as again:
        assert again.base is memory
    keep_none()
    with lent(bool, 10) as other:
        assert other.base is not memory
