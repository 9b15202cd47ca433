"""The times of many lines read at once are those that each line states by itself."""

from __future__ import annotations

import datetime
import re
from datetime import UTC
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.arrays import line_starts
from logagent.core.times.stamper import Stamper
from logagent.core.units import SECOND
from logagent.disk.times.block_times import LONGEST_PAUSE, BlockTimes
from logagent.disk.times.line_rows import MAX_CUTS
from testbed.times import SAMPLES, ZONES

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

MODIFIED = 1_793_000_000 * SECOND
"""2026-10-26T07:33:20Z"""
LAYOUTS = [
    b"2026-10-%d %H:%M:%S.%f %x",
    b"2026-10-%dT%H:%M:%SZ %x",
    b"2026-10-%dT%H:%M:%S.%f%f%f+01:00 %x",
    b"2026-10-%d %H:%M:%S,%f %x",
    b"2026/10/%d %H:%M:%S [%x] y",
    b"Oct %d %H:%M:%S host %x: y",
    b"[2026-10-%d %H:%M:%S] %x",
    b"INFO 2026-10-%d %H:%M:%S.%f%f CET %x",
    b"10/%d/26 %H:%M:%S %x",
    b"%x 2026-10-%d %H:%M:%S",
    b"2026-10-%d %H:%M:%S",
    b"%H:%M:%S.%f %x",
    b"2026-10-%d %H:%M:%S PM %x",
]
LEVELS = [b"INFO", b"ERROR", b"WARN", b"E", b"", b"z", b"UTC", b"PM", b"+02", b"EST"]


def written(layout: bytes, random: Random, steady: bool) -> bytes:
    """A line of a layout, of one hour if it is steady."""
    day, hour = (25, 2) if steady else (random.choice([24, 25, 31, 32]), random.choice([1, 2, 3, 23, 24]))
    parts = {
        b"%d": b"%02d" % day,
        b"%H": b"%02d" % hour,
        b"%M": b"%02d" % random.randrange(60),
        b"%S": b"%02d" % random.randrange(60 if steady else 61),
        b"%f": b"%03d" % random.randrange(1000),
        b"%x": LEVELS[0] if steady else random.choice(LEVELS),
    }
    return re.sub(rb"%[dHMSfx]", lambda found: parts[found[0]], layout) + b" more" * random.randrange(3)


def spoilt(line: bytes, random: Random) -> bytes:
    """A line with one byte changed, cut, or without anything of it."""
    at = random.randrange(len(line) or 1)
    other = random.choice([line[:at], line[:at] + bytes([random.randrange(256)]) + line[at + 1 :], b"", b"\tat x"])
    return other.replace(b"\n", b" ")


def at_once(block_times: BlockTimes, lines: list[bytes], chosen: list[int] | None = None) -> list[int] | None:
    """The times of some lines of a block."""
    body = b"\n".join(lines) + b"\n" * (not lines[-1])
    starts = line_starts(body)
    found = block_times.of(body, starts if chosen is None else starts[np.array(chosen)])
    return None if found is None else list(found.tolist())


def by_themselves(lines: list[bytes], zone: datetime.tzinfo) -> list[int | None]:
    """The oracle: the time of each line by itself."""
    return [Stamper(zone, MODIFIED).stamp(line) for line in lines]


@QUICK
@given(
    st.sampled_from(LAYOUTS),
    st.integers(0, 2**32),
    st.sampled_from(ZONES),
    st.booleans(),
    st.integers(0, 2),
    st.integers(1, 60),
)
def test_times_at_once_are_those_by_themselves_or_none(
    layout: bytes, seed: int, zone: datetime.tzinfo, steady: bool, bad: int, count: int
) -> None:
    random = Random(seed)
    block_times = BlockTimes(Stamper(zone, MODIFIED).stamp)
    for _ in range(3):
        lines = [written(layout, random, steady) for _ in range(count)]
        for place in random.choices(range(count), k=bad):
            lines[place] = spoilt(lines[place], random)
        chosen = random.choice(
            [[*range(count)], [*reversed(range(count))], random.sample(range(count), (count + 1) // 2)]
        )
        found = at_once(block_times, lines, chosen)
        assert found is None or found == by_themselves([lines[place] for place in chosen], zone)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.startswith((b"2", b"O", b"["))])
def test_lines_of_one_shape_are_read_at_once(layout: bytes) -> None:
    random = Random(1)
    lines = [written(layout, random, steady=True) for _ in range(100)]
    if layout.endswith(b"%S"):
        lines = [line[: len(layout)] for line in lines]
    assert at_once(BlockTimes(Stamper(UTC, MODIFIED).stamp), lines) == by_themselves(lines, UTC)


@pytest.mark.parametrize("sample", [line for line, _ in SAMPLES.values()])
def test_samples_of_all_formats_are_read_as_by_themselves(sample: bytes) -> None:
    lines = [re.sub(rb":\d\d(?!\d)", lambda _, number=number: b":%02d" % number, sample) for number in range(60)]
    found = at_once(BlockTimes(Stamper(UTC, MODIFIED).stamp), lines)
    assert found is None or found == by_themselves(lines, UTC)


def test_lines_that_end_before_a_whole_row_of_bytes_are_read_too() -> None:
    lines = [b"2026-10-25 01:23:4%d x" % number for number in range(10)]
    assert at_once(BlockTimes(Stamper(UTC, MODIFIED).stamp), lines) == by_themselves(lines, UTC)
    assert at_once(BlockTimes(Stamper(UTC, MODIFIED).stamp), lines[:1]) == by_themselves(lines[:1], UTC)


def test_an_hour_in_which_clocks_change_is_read_by_itself() -> None:
    lines = [b"2026-10-04 02:%02d:00 x" % minute for minute in range(60)]
    zone = ZoneInfo("Australia/Lord_Howe")  # clocks go from 2:00 to 2:30
    assert at_once(BlockTimes(Stamper(zone, MODIFIED).stamp), lines) is None


def test_full_hours_are_passed_but_not_without_end() -> None:
    lines = [b"2026-%02d-%02d %02d:00:00 x" % (month, day, 3) for month in range(1, 10) for day in range(1, 29)]
    times = BlockTimes(Stamper(UTC, MODIFIED).stamp)
    assert at_once(times, lines[:MAX_CUTS]) == by_themselves(lines[:MAX_CUTS], UTC)
    assert at_once(times, lines[: MAX_CUTS + 2]) is None


def test_blocks_without_a_common_shape_are_tried_less_and_less() -> None:
    uneven, even = [b"2026-10-25 01:23:45 x", b"y"], [b"2026-10-25 01:23:45 x"] * 2
    times = BlockTimes(Stamper(UTC, MODIFIED).stamp)
    tried = [at_once(times, uneven if number < 40 else even) is not None for number in range(40 + LONGEST_PAUSE + 2)]
    assert tried.index(True) >= 40
    assert tried[-1]


@pytest.mark.parametrize(
    "hour", ["0001-01-01 00", "1677-09-21 00", "1677-09-21 01", "1677-09-21 04", "2262-04-11 23", "3000-01-01 00"]
)
def test_times_that_take_more_than_64_bits_are_read_by_themselves(hour: str) -> None:
    lines = [b"%s:%02d:16 x" % (hour.encode(), minute) for minute in range(60)]
    found = at_once(
        BlockTimes(Stamper(UTC, MODIFIED).stamp), [*lines, b"and the last one, which is long enough for a row"]
    )
    assert found is None
    found = at_once(BlockTimes(Stamper(UTC, MODIFIED).stamp), lines)
    assert found is None or found == by_themselves(lines, UTC)
    assert at_once(BlockTimes(Stamper(UTC, MODIFIED).stamp), [line[:19] for line in lines[:1]]) is None
