"""What is said of each line: the time that was taken, or why none was."""

from __future__ import annotations

import pytest

from logagent.core.times.explaining import Explanation, explained
from logagent.core.times.judgement import judge
from logagent.core.times.named_formats import named_format
from logagent.core.times.named_judging import judge_with
from logagent.core.times.stampers import stamper_for
from testbed.times import MODIFIED, UTC, ns

ISO = [b"2024-06-15 11:%02d:00 ready" % minute for minute in range(8)]
JSON = [b'{"ts":"2024-06-15T11:%02d:00Z","msg":"since 2000-10-10 13:55:36"}' % minute for minute in range(8)]
AMBIGUOUS = [b"10/11/2023 11:%02d:00 ready" % minute for minute in range(8)]


def of_line(line: bytes, others: list[bytes]) -> Explanation:
    judgement = judge([*others, line], UTC, MODIFIED)
    return explained(line, stamper_for(UTC, MODIFIED, judgement).stamp(line), judgement)


@pytest.mark.parametrize(
    ("line", "others", "form", "why"),
    [
        (ISO[0], ISO, "iso", "at the beginning"),
        (JSON[0], JSON, "json iso", "field ts"),
        (b"\tat x", ISO, "", "no time"),
        (
            b"restored what was lost since 2000-10-10 13:55:36",
            ISO,
            "",
            "a date within the message (2000-10-10 13:55:36), not where this file keeps its times",
        ),
        (
            b"restored what was lost since about 13:55:36",
            ISO,
            "",
            "a clock within the message (13:55:36), not where this file keeps its times",
        ),
        (b"2024-02-30 11:00:00 ready", ISO, "", "there is no such time (2024-02-30 11:00:00)"),
        (AMBIGUOUS[0], AMBIGUOUS, "", "the day and the month cannot be told apart (10/11/2023 11:00:00)"),
        (b"restored what was lost at 13:55:36", [b"x"] * 9, "", "a clock without a date (13:55:36)"),
    ],
)
def test_each_line_is_explained(line: bytes, others: list[bytes], form: str, why: str) -> None:
    said = of_line(line, others)
    assert (said.form, said.why) == (form, why)
    assert (said.time is not None) is bool(form)


def test_dates_that_contradict_each_other_are_said_so() -> None:
    days = [9, 1, 8, 2, 7, 3, 6, 4]
    lines = [b"read what was there since 2024-06-%02d 10:00:00 on" % day for day in days]
    said = of_line(lines[0], lines)
    assert said == (None, "", "a date (2024-06-09 10:00:00), but its times contradict each other")


def test_lines_of_a_named_format_are_explained_by_it_alone() -> None:
    judgement = judge_with(named_format("%d/%m/%Y %T"), AMBIGUOUS, UTC, MODIFIED)
    stamper = stamper_for(UTC, MODIFIED, judgement)
    said = [explained(line, stamper.stamp(line), judgement) for line in (AMBIGUOUS[0], ISO[0])]
    assert said == [
        (ns("2023-11-10 11:00:00"), "%d/%m/%Y %T", "at the beginning"),
        (None, "", "no time in the format that was named, at the beginning"),
    ]
