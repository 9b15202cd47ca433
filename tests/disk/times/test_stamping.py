"""Each line's time depends on the file alone, and a line without a time takes that of a neighbour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.times.stamper import Stamper
from logagent.disk.files.reader import Reader
from logagent.disk.times import stamping
from logagent.disk.times.stamping import FileTimes

MODIFIED = 1_800_000_000_000_000_000
SECOND = 1_000_000_000
NOON = 1_772_366_400 * SECOND
"""2026-03-01T12:00:00Z"""


def stamped(second: int) -> bytes:
    return b"2026-03-01T12:00:%02dZ line" % second


@contextmanager
def stamping_of(content: bytes) -> Iterator[FileTimes]:
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, content)
        yield FileTimes(Reader(descriptor, "app.log"), UTC, MODIFIED)
    finally:
        os.close(descriptor)


def times_of(lines: list[bytes], chosen: list[int]) -> list[int]:
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in chosen]
    with stamping_of(b"".join(line + b"\n" for line in lines)) as times:
        return times.times(starts, [lines[number] for number in chosen])


def test_a_line_without_a_time_has_that_of_the_line_before_it() -> None:
    assert times_of([stamped(1), b"more", b"", stamped(2), b"more"], [1, 2, 4]) == [
        NOON + SECOND,
        NOON + SECOND,
        NOON + 2 * SECOND,
    ]


def test_lines_before_the_first_time_have_that_first_time() -> None:
    assert times_of([b"header", b"", stamped(7)], [0, 1, 2]) == [NOON + 7 * SECOND] * 3


def test_without_any_time_all_lines_have_the_files_modification_time() -> None:
    with stamping_of(b"one\ntwo\n") as times:
        assert not times.timed
        assert times.times([0, 4], [b"one", b"two"]) == [MODIFIED, MODIFIED]


def test_times_beyond_the_sample_do_not_make_a_file_timed() -> None:
    half = b"plain\n" * (stamping.SAMPLE // 6 + 1)
    with stamping_of(half + stamped(1) + b"\n" + half) as times:
        assert not times.timed


@pytest.mark.parametrize("at", [0, 1, 2, 1000])
def test_a_line_at_the_border_of_a_page_is_looked_at_once(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamping, "PAGE", 64)
    first = b"x" * (62 + at)
    assert times_of([first, stamped(3), b"more"], [0, 2]) == [NOON + 3 * SECOND] * 2


def test_a_time_farther_away_than_is_looked_for_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamping, "PAGE", 64)
    monkeypatch.setattr(stamping, "NEAR", 2)
    quiet = [b"plain"] * 100
    lines = [stamped(1), *quiet, stamped(2), stamped(3)]
    assert times_of(lines, [1, 50, 100]) == [NOON + SECOND, MODIFIED, NOON + 2 * SECOND]


def test_a_time_at_the_end_of_a_long_line_is_that_of_the_line_after_it_too() -> None:
    docker = b'{"log":"%b\\n","stream":"stdout","time":"2026-03-01T12:00:05Z"}' % (b"x" * 20_000)
    assert times_of([docker, b"more"], [1]) == times_of([docker, b"more"], [0]) == [NOON + 5 * SECOND]


def test_stamped_gives_the_lines_with_a_time_that_begin_in_a_stretch() -> None:
    first, quiet, second = stamped(1) + b"\n", b"more\n", stamped(2) + b"\n"
    with stamping_of(first + quiet + second) as times:
        start = len(first + quiet)
        assert times.stamped(0, 1) == ([0], [NOON + SECOND])
        assert times.stamped(1, start) == ([], [])
        assert times.stamped(1, start + 1) == ([start], [NOON + 2 * SECOND])
        assert times.stamped(0, start + 100) == ([0, start], [NOON + SECOND, NOON + 2 * SECOND])


def resolved(lines: list[bytes], page: int, near: int) -> list[int]:
    """What every line's time is to be, by looking at every other line."""
    stamper = Stamper(UTC, MODIFIED)
    offset, known, starts = 0, [], []
    for line in lines:
        stamp = stamper.stamp(line)
        known += [(offset, stamp)] if stamp is not None else []
        starts.append(offset)
        offset += len(line) + 1

    def time_of(start: int) -> int:
        before = [stamp for at, stamp in known if at <= start and start // page - at // page <= near]
        after = [stamp for at, stamp in known if at > start and at // page - start // page <= near]
        return (before[-1:] + after[:1] + [MODIFIED])[0]

    return [time_of(start) for start in starts]


@settings(max_examples=1000, deadline=None)
@given(
    lines=st.lists(
        st.one_of(st.integers(0, 59).map(stamped), st.sampled_from([b"", b"plain", b"y" * 70])), min_size=1, max_size=40
    ),
    chosen=st.lists(st.sets(st.integers(0, 39)), min_size=1, max_size=4),
    page=st.integers(16, 200),
    near=st.integers(0, 4),
)
def test_times_are_the_same_whatever_lines_are_asked_for_together(
    lines: list[bytes], chosen: list[set[int]], page: int, near: int
) -> None:
    wanted = resolved(lines, page, near)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stamping, "PAGE", page)
        patch.setattr(stamping, "NEAR", near)
        starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
        with stamping_of(b"".join(line + b"\n" for line in lines)) as times:
            if not times.timed:
                return
            for some in chosen:
                numbers = sorted(number for number in some if number < len(lines))
                found = times.times([starts[n] for n in numbers], [lines[n] for n in numbers])
                assert found == [wanted[n] for n in numbers]
