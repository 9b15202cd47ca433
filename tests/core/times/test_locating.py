"""Of several texts in a line that could be its time, the same one decides whatever else the file holds."""

from __future__ import annotations

import pytest

from logagent.core.times.formats import LEAD
from logagent.core.times.locating import MAX_FIELDS, WINDOW, count_formats, cut_at_leads, find_time
from testbed.times import ns, stamp


def test_the_earliest_time_counts() -> None:
    assert stamp(b"Jun 15 04:05:06 web-1 app: at 2001-01-01T00:00:00Z") == ns("2024-06-15 04:05:06")
    assert stamp(b"2001-01-01T00:00:00Z after Jun 15 04:05:06") == ns("2001-01-01 00:00:00")


def test_a_clock_without_date_does_not_hide_the_time_after_it() -> None:
    assert stamp(b"took 00:12:34 until 2001-01-01T00:00:00Z") == ns("2001-01-01 00:00:00")


def test_the_earliest_shape_counts_even_where_there_is_no_such_time() -> None:
    assert stamp(b"2001-13-01T00:00:00Z then 2001-12-01T00:00:00Z") is None


def test_a_time_counts_up_to_the_end_of_the_window() -> None:
    line = b"x" * (WINDOW - 20) + b" 2001-01-01 00:00:00.125Z"
    assert stamp(line) == ns("2001-01-01 00:00:00.125")
    assert stamp(b"x" + line) is None


def test_no_more_time_fields_than_a_few_are_looked_at() -> None:
    point = b'"t":1,'
    assert stamp(b"{" + point * (MAX_FIELDS - 1) + b'"ts":1732356672}') == ns("2024-11-23 10:11:12")
    assert stamp(b"{" + point * MAX_FIELDS + b'"ts":1732356672}') is None


@pytest.mark.parametrize(
    ("line", "form", "text"),
    [
        (b"1732356672 2024-02-29 23:59:59", "epoch", b"1732356672"),
        (b"x 1732356672 2024-02-29 23:59:59", "iso", b"2024-02-29 23:59:59"),
        (b'{"msg":"Feb 28 01:02:03","time":"2024-02-29T23:59:59Z"}', "iso", b"2024-02-29T23:59:59Z"),
        (b'{"msg":"Feb 28 01:02:03","time":1732356672}', "epoch", b"1732356672"),
        (b'{"msg":"Feb 28 01:02:03","time":"soon"}', "syslog", b"Feb 28 01:02:03"),
        (b"msg=no ts=2024-02-29T23:59:59Z at Feb 28 01:02:03", "iso", b"2024-02-29T23:59:59Z"),
    ],
)
def test_a_leading_format_decides_before_a_field_and_that_before_a_clock(line: bytes, form: str, text: bytes) -> None:
    found = find_time(line)
    assert found is not None
    assert (found.form.name, found.match[0]) == (form, text)


def test_lines_are_cut_where_the_text_begins_that_decides_about_their_first_landmark() -> None:
    far = b"x" * 40 + b" 2024-02-29 23:59:59 web"
    near = b"2024-02-29 23:59:59 web"
    assert cut_at_leads([far, near, b'{"a":"' + far, b"no time", b"x" * WINDOW + far]) == [
        far[far.index(b":") - LEAD :],
        b"",
        b"",
        b"",
        b"",
    ]


def test_formats_are_counted_with_the_kind_of_line_that_they_stand_in() -> None:
    iso = b"2024-02-29T23:59:59.5Z"
    lines = [b'{"time":"%b"}' % iso] * 3 + [b"level=info ts=1732356672", b"none"] * 2 + [iso]
    assert count_formats(lines) == {"json iso": 3, "logfmt epoch": 2, "none": 2, "iso": 1}
