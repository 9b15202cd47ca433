"""A layout tells the time of a line whose texts it knows, and of no other."""

from __future__ import annotations

import pytest

from logagent.core.times.formats import LEAD
from logagent.core.times.layout import CACHED, MINUTES, KnownTexts, Layout
from logagent.core.units import HOUR, MILLISECOND, MINUTE, SECOND

DATE = b"2024-02-29 23:"
PREFIXES = [b"", b"<13>", b"x" * 40 + b" "]


def layout_of(fraction: bytes, before: bytes = b"") -> Layout:
    """The layout of times behind `before`, with an hour that begins at the epoch, and UTC behind the fraction."""
    layout = Layout(stop=len(b":59:58"), digits=max(0, len(fraction) - 1), after=len(b"Z"), margin=len(b" "))
    layout.hours.put((before + DATE)[-LEAD - 1 :], 0)
    layout.ends.put(b"Z ", 0)
    return layout


@pytest.mark.parametrize("before", PREFIXES)
@pytest.mark.parametrize(
    ("fraction", "nanoseconds"),
    [
        (b"", 0),
        (b".5", 500 * MILLISECOND),
        (b",125", 125 * MILLISECOND),
        (b":000000001", 1),
        (b".1234567", 123_456_700),
        (b".123456789", 123_456_789),
    ],
)
def test_a_line_of_known_texts_has_the_sum_of_what_they_stand_for(
    before: bytes, fraction: bytes, nanoseconds: int
) -> None:
    layout = layout_of(fraction, before)
    line, at = before + DATE + b"59:58" + fraction + b"Z web", len(before + DATE) - 1
    assert layout.time(line, at) == 59 * MINUTE + 58 * SECOND + nanoseconds
    text = line[max(0, at - LEAD) :]
    reach, hour_end, second_end, hours, tail, parts = layout.column(min(at, LEAD))
    known = [hours(text[:hour_end]), MINUTES.get(text[hour_end:second_end]), tail(text[second_end:reach])]
    known += [lookup(text[start:end]) for start, end, lookup in parts]
    assert sum(each for each in known if each is not None) == layout.time(line, at)
    assert None not in known


@pytest.mark.parametrize(
    "line",
    [
        b"2024-02-29 22:59:58.125Z web",
        b"2024-02-29 23:60:58.125Z web",
        b"2024-02-29 23:59:61.125Z web",
        b"2024-02-29 23:59:58-125Z web",
        b"2024-02-29 23:59:58.12aZ web",
        b"2024-02-29 23:59:58.125 web",
        b"2024-02-29 23:59:58.125Z",
        b"2024-02-29 23:",
    ],
)
def test_a_line_with_a_text_that_is_not_known_has_no_time_here(line: bytes) -> None:
    assert layout_of(b".125").time(line, len(DATE) - 1) is None


def test_an_hour_stands_for_itself_whatever_the_minute() -> None:
    layout = layout_of(b"")
    layout.hours.put(DATE, 7 * HOUR)
    assert layout.time(DATE + b"00:60Z x", len(DATE) - 1) == 7 * HOUR + MINUTE


def test_known_texts_are_forgotten_before_they_are_too_many() -> None:
    known = KnownTexts()
    for number in range(CACHED + 1):
        known.put(b"%d" % number, number)
    assert known == {b"%d" % CACHED: CACHED}
