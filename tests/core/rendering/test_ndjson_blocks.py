"""Records made of a whole batch at once are those that are made one by one."""

from __future__ import annotations

import json
from array import array
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.arrays import MANY
from logagent.core.batch import Batch, LineFlag, Origin
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.rendering.ndjson_blocks import MOST_RUNS, plain_records
from logagent.core.rendering.records import RecordsNdjson, json_records
from logagent.core.units import SECOND

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ORIGINS = (
    Origin("web-1", "a.log"),
    Origin("100%d", 'b"%s\\.log', timed=False),
    Origin("\udcff\u2028", "d\u00e9j\u00e0/\x85vu.log"),
)
NOW = 1_796_000_000 * SECOND
LINES = st.one_of(
    st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")),
    st.text('ab"\\\x00\x01\t\r\x0c\x1f\x7f%\u0085\u2028\u2029\u00e9\u20ac', max_size=12).map(str.encode),
)
TIMES = st.one_of(
    st.integers(NOW, NOW + 3 * SECOND),
    st.integers(NOW // 10**6, NOW // 10**6 + 5000).map(lambda milliseconds: milliseconds * 10**6),
    st.integers(-(2**63), 2**63 - 1),
)
OFFSETS = st.one_of(st.integers(0, 12), st.integers(9_990, 10_010), st.integers(0, 2**63 - 1))


def one_by_one(batch: Batch) -> bytes:
    """The oracle: each record by itself."""
    return without_line_breaks("".join(f"{record}\n" for record in json_records(batch)))


def batch_of(lines: list[bytes], times: list[int], offsets: list[int], origin: list[int] | None = None) -> Batch:
    return Batch(b"".join(line + b"\n" for line in lines), len(lines), times, offsets, ORIGINS, origin)


def many(count: int = 2 * MANY) -> Batch:
    offsets = [10**9 + 10 * number for number in range(count)]
    return batch_of([b"line %d" % number for number in range(count)], [NOW] * count, offsets)


@QUICK
@given(
    st.lists(st.tuples(LINES, TIMES, OFFSETS, st.integers(0, 2)), min_size=1, max_size=20),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)
def test_records_at_once_are_those_one_by_one(
    drawn: list[tuple[bytes, int, int, int]], first: int, of_one_file: bool, in_order: bool
) -> None:
    rows = drawn * (MANY // len(drawn) + 1)
    rows = sorted(rows, key=lambda row: row[2]) if in_order else rows
    lines, times, offsets, origin = ([row[column] for row in rows] for column in range(4))
    batch = batch_of(lines, times, offsets, None if of_one_file else origin)
    batch = replace(batch, origins=(ORIGINS[first:] + ORIGINS[:first]))
    assert plain_records(batch) == one_by_one(batch)
    assert RecordsNdjson().batch(batch) == one_by_one(batch)


def test_columns_may_be_arrays() -> None:
    batch = many()
    arrays = replace(batch, times=array("q", batch.times or ()), offsets=array("q", batch.offsets or ()))
    assert plain_records(arrays) == one_by_one(batch)


@pytest.mark.parametrize("digits", [1, 2, 3, 4, 5, 6, 7, 10, 19])
def test_offsets_have_any_number_of_digits(digits: int) -> None:
    batch = replace(many(), offsets=[min(10 ** (digits - 1) + place, 2**63 - 1) for place in range(2 * MANY)])
    assert plain_records(batch) == one_by_one(batch)


def test_offsets_of_changing_length_are_more_runs_than_are_written_by_themselves() -> None:
    batch = replace(many(), offsets=[10 ** (place % (MOST_RUNS + 1)) for place in range(2 * MANY)])
    assert plain_records(batch) == one_by_one(batch)


def test_a_time_of_more_than_64_bits_is_left_to_the_records_one_by_one() -> None:
    batch = replace(many(), times=[2**63] * (2 * MANY))
    assert plain_records(batch) is None
    assert json.loads(RecordsNdjson().batch(batch).split(b"\n")[0])["time"] == "2262-04-11T23:47:16.854775808Z"


def test_few_lines_and_lines_with_flags_are_made_one_by_one() -> None:
    assert plain_records(many(MANY - 1)) is None
    assert plain_records(many(MANY)) is not None
    assert plain_records(replace(many(), flags=bytes([LineFlag.CONTINUES] * 2 * MANY))) is None
    assert plain_records(replace(many(), times=None)) is None
    assert plain_records(replace(many(), offsets=None)) is None
