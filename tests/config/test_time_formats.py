"""Formats of time as they are typed, and as tables in the file."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from logagent.config.errors import ConfigError
from logagent.config.given import from_environment, from_file
from logagent.config.time_formats import TimeFormat, as_text, time_format

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*.log=%F", TimeFormat(("*.log",), "%F")),
        ("legacy/*.log=%d/%m/%y %H.%M", TimeFormat(("legacy/*.log",), "%d/%m/%y %H.%M")),
        ("a=%F;zone=Europe/Berlin;column=3", TimeFormat(("a",), "%F", BERLIN, 3)),
        ("a=%F;column=3;separator=;", TimeFormat(("a",), "%F", None, 3, "", ";")),
        ("a=%F;separator=;;column=3", TimeFormat(("a",), "%F", None, 3, "", ";")),
        ("a=%F;column=2;separator=\\t", TimeFormat(("a",), "%F", None, 2, "", "\t")),
        ("a=%F;%T;field=when", TimeFormat(("a",), "%F;%T", field="when")),
        ("a=t=%s", TimeFormat(("a",), "t=%s")),
        ('{"files": ["a=b", "c"], "format": "%F;zone=x"}', TimeFormat(("a=b", "c"), "%F;zone=x")),
    ],
)
def test_a_format_is_read_as_it_is_typed(text: str, expected: TimeFormat) -> None:
    assert time_format(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("%F", "must be a glob and a format, such as 'legacy"),
        ("=%F", "must be a glob and a format"),
        ("a=", "must be a glob and a format"),
        ("a=;column=3", "must be a glob and a format"),
        ("a=%F;zone=Mars", "no time zone is named 'Mars'"),
        ("a=%F;column=x", "column must be a whole number from 1, not x"),
        ("a=%F;column=0", "column must be a whole number from 1"),
        ("a=%F;column=2;column=3", "column is given twice"),
        ("a=%F;colum=2", "colum is not known; known are zone, column, field, separator"),
        ("a=%F;field=", "field is empty"),
        ("{", "or a JSON object of these"),
        ("{}", "must have files and a format, such as files ="),
        (as_text({"files": 1, "format": "%F"}), "must have files and a format"),
        (as_text({"files": "a", "format": 1}), "format must be a text"),
        (as_text({"files": "a", "format": "%F", "colum": 3}), "colum is not known; known are files, format, zone"),
        (as_text({"files": "a", "format": "%F", "column": True}), "column must be a whole number"),
        (as_text({"files": "a", "format": "%F", "zone": 1}), "zone must be a text"),
    ],
)
def test_what_is_no_format_is_told_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time_format(text)


def test_formats_are_tables_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "logagent.toml"
    file.write_text(
        '[[time_format]]\nfiles = "a/*.log"\nformat = "%d/%m/%y"\ncolumn = 3\n'
        '[[time_format]]\nfiles = ["b", "c"]\nformat = "%F"\nfield = "when"\nzone = "Europe/Berlin"\n'
    )
    assert [time_format(text) for text in from_file(file)["time_format"].texts] == [
        TimeFormat(("a/*.log",), "%d/%m/%y", column=3),
        TimeFormat(("b", "c"), "%F", BERLIN, field="when"),
    ]
    file.write_text('time_format = ["a=%F", "b=%s"]')
    assert from_file(file)["time_format"].texts == ("a=%F", "b=%s")
    file.write_text("time_format = 3")
    with pytest.raises(ConfigError, match=r"time_format: must be tables \[\[time_format\]\]"):
        from_file(file)


def test_formats_stand_one_a_line_in_the_environment() -> None:
    """Since a format may well hold commas."""
    given = from_environment({"LOGAGENT_TIME_FORMAT": "a=%F %T,%f\n  b=%s;column=2\n"})
    assert given["time_format"].texts == ("a=%F %T,%f", "b=%s;column=2")
