"""The judgement on files for which a format was named."""

from __future__ import annotations

from logagent.core.times.judgement import Distrust, Omitted, judge
from logagent.core.times.named_formats import named_format
from logagent.core.times.named_judging import judge_with
from logagent.core.times.places import Kind, TimePlace
from logagent.core.times.stampers import stamper_for
from testbed.times import MODIFIED, UTC, ns

LINES = [b"27/11/23 13.%02d at 2000-10-10 13:55:36" % minute for minute in range(10)]
NAMED = named_format("%d/%m/%y %H.%M")


def test_a_file_without_a_named_format_is_judged_by_itself() -> None:
    assert judge_with(None, LINES, UTC, MODIFIED) == judge(LINES, UTC, MODIFIED)


def test_a_named_format_stands_at_its_place_and_nowhere_else() -> None:
    judged = judge_with(NAMED, LINES, UTC, MODIFIED)
    assert judged.places == {TimePlace(Kind.TEXT, "%d/%m/%y %H.%M")}
    assert (judged.trusted, judged.named) == (True, NAMED)
    assert (judged.lines, judged.timed, judged.formats) == (10, 10, {"%d/%m/%y %H.%M": 10})


def test_lines_that_go_on_need_no_time() -> None:
    lines = [line for first in LINES for line in (first, b"\tat x", b"  at y", b"}", b"")]
    judged = judge_with(NAMED, lines, UTC, MODIFIED)
    assert (judged.trusted, judged.lines, judged.timed) == (True, 40, 10)


def test_a_format_that_is_not_there_is_not_trusted_and_says_why() -> None:
    judged = judge_with(NAMED, [*LINES[:4], *[b"ready"] * 6], UTC, MODIFIED)
    assert judged.distrust is Distrust.NAMED
    assert (judged.lines, judged.timed) == (10, 4)
    assert judge_with(NAMED, [*LINES[:5], *[b"ready"] * 5], UTC, MODIFIED).trusted
    assert judge_with(NAMED, [], UTC, MODIFIED).trusted


def test_what_is_left_out_and_whether_a_zone_is() -> None:
    for text, line, omitted, local in [
        ("%d/%m/%y", b"27/11/23", Omitted.NOTHING, True),
        ("%d/%m", b"27/11", Omitted.YEAR, True),
        ("%H:%M%z", b"13:55+01", Omitted.DAY, False),
        ("%s", b"1732356672", Omitted.NOTHING, False),
        ("%F %T %Z", b"2023-11-27 13:55:36 CST", Omitted.NOTHING, True),
    ]:
        judged = judge_with(named_format(text), [line], UTC, MODIFIED)
        assert (judged.omitted, judged.local) == (omitted, local)


def test_a_field_may_be_a_line_of_its_own_in_an_object() -> None:
    lines = [
        line
        for minute in range(4)
        for line in (
            b"{",
            b'    "in": {',
            b'        "when": "1/1/23 1.00"',
            b"    },",
            b'    "when": "27/11/23 13.%02d"' % minute,
            b"}",
        )
    ]
    judged = judge_with(named_format("%d/%m/%y %H.%M", field="when"), lines, UTC, MODIFIED)
    assert (judged.trusted, judged.of_objects) == (True, True)
    stamps = stamper_for(UTC, MODIFIED, judged).stamps(lines)
    assert [time for time in stamps if time is not None] == [ns(f"2023-11-27 13:0{minute}") for minute in range(4)]
