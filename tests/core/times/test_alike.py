"""Lines that all begin with a time alike are judged as all others are, only faster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.times.alike import alike_times, instant_of_text, judged_alike
from logagent.core.times.judgement import judge
from logagent.core.times.stampers import stamper_for
from testbed.times import MODIFIED, UTC

TIMES = [b"2000-10-10T13:55:%02d", b"2000-10-%02d 13:55:36", b"2000-%02d-10T13:55:36.123", b"2000-10-10T13:55:36.%02d"]
OTHERS = [
    b"2000-10-10 13:55",
    b"Oct 10 13:55:%02d",
    b"10/11/2000 13:55:%02d",
    b"2000-02-%02dT13:55:36",
    b"971186136 %02d",
]
ZONES = [b"Z", b"+02:00", b"-03:30", b"", b" UTC", b" PM", b"+0200"]
MESSAGES = [
    b" INFO started",
    b" until 2000-10-11T00:00:00Z",
    b" at 12:30:00",
    b" id=971186136123",
    b"",
    b"|x",
    b" \x1b[31mred",
    b" " + b"x" * 137 + b"12:30:00",
    b" " + b"7" * 200,
]


@st.composite
def files(draw: st.DrawFn) -> list[bytes]:
    """Lines of one shape as a rule, sometimes with one of another among them."""
    writes = draw(st.sampled_from([*TIMES, *TIMES, *OTHERS])) + draw(st.sampled_from([b"Z", *ZONES]))
    numbers = draw(st.lists(st.integers(1, 31), min_size=1, max_size=20))
    messages = draw(st.lists(st.sampled_from([*MESSAGES[:1] * 20, *MESSAGES]), min_size=20, max_size=20))
    lines = [(writes % number if b"%" in writes else writes) + text for number, text in zip(numbers, messages)]  # noqa: B905 - as many as there are numbers
    strange = draw(
        st.sampled_from([None] * 3 + [b"\tat x", b"2000-10-10T13:55:36Z x", b'{"time":"2000-10-10T13:55:36Z"}'])
    )
    return lines if strange is None else [*lines, strange]


@given(files())
def test_it_is_the_judgement_that_each_line_by_itself_leads_to(lines: list[bytes]) -> None:
    judgement = judged_alike(lines)
    assert judgement is None or judgement == judge(lines, UTC, MODIFIED)


@given(files())
def test_the_least_text_is_the_earliest_time(lines: list[bytes]) -> None:
    texts = alike_times(lines)
    if texts:
        stamps = stamper_for(UTC, MODIFIED, judge(lines, UTC, MODIFIED)).stamps(lines)
        assert [instant_of_text(text) for text in texts] == stamps
        assert instant_of_text(min(texts)) == min(filter(None, stamps))


@pytest.mark.parametrize("write", [b"2000-10-10T13:55:%02dZ x", b"2000-10-10 13:55:%02d.5+02:00 x"])
def test_common_lines_are_among_them(write: bytes) -> None:
    judgement = judged_alike([write % number for number in range(20)])
    assert judgement is not None
    assert (judgement.trusted, judgement.timed, judgement.firm) == (True, 20, True)
