"""Formats that are suggested for files whose times are not trusted."""

from __future__ import annotations

import pytest

from logagent.core.times.locating import find_time
from logagent.core.times.named_formats import named_format
from logagent.core.times.suggesting import spelled_as_format, suggestions
from testbed.times import MODIFIED, SAMPLES, UTC, stamp


def suggested(*lines: str) -> list[str]:
    """The settings for a file of these lines."""
    found = suggestions([line.encode() for line in lines], UTC, MODIFIED)
    return [each.setting("app.log") for each in found]


def lines(text: str) -> list[str]:
    return [text.format(second, number=second) for second in range(10, 30)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10/11/2023 11:00:{} x", ["app.log=%d/%m/%Y %H:%M:%S", "app.log=%m/%d/%Y %H:%M:%S"]),
        ("31/11/23 13.{} x", []),
        ("31.10.2023 13.{} x", ["app.log=%d.%m.%Y %H.%M"]),
        ("[31-10-2023 at 1.{} pm] x", ["app.log=[%d-%m-%Y at %I.%M %p"]),
        ("{number} INFO (2023/10/31_13h{}) x", ["app.log=(%Y/%m/%d_%Hh%M;column=3"]),
        ("a 31 okt 2023 13:{} x", ["app.log=%d %b %Y %H:%M;column=2"]),
        ("a 31. Oktober 2023, 13:{} x", ["app.log=%d. %B %Y, %H:%M;column=2"]),
        ("10-31-2023 13.00.{},5 x", ["app.log=%m-%d-%Y %H.%M.%S,%f"]),
        ('{{"lvl":1,"when":"31.10.2023 13.{}"}}', ["app.log=%d.%m.%Y %H.%M;field=when"]),
        ("lvl=1 when=31.10.2023_13.{} x=1", ["app.log=%d.%m.%Y_%H.%M;field=when"]),
        ("100% 31.10.2023 13.{} x", ["app.log=%d.%m.%Y %H.%M;column=2"]),
        ("a 31.10. 13:55:{} x", ["app.log=%d.%m. %H:%M:%S;column=2"]),
        ("10/31 at 13h{} x", ["app.log=%m/%d at %Hh%M"]),
        ("20231031T13{} x", ["app.log=%Y%m%dT%H%M"]),
        ("nothing {}", []),
    ],
)
def test_what_most_lines_have_at_one_place_is_suggested(text: str, expected: list[str]) -> None:
    assert suggested(*lines(text)) == expected


def test_the_lines_themselves_decide_which_way_round_a_date_is() -> None:
    assert suggested("10/11/2023 11:00:00", "13/11/2023 11:00:00") == ["app.log=%d/%m/%Y %H:%M:%S"]


def test_what_few_lines_have_is_not_suggested() -> None:
    assert suggested("31.10.2023 13.00", *["x"] * 3) == []
    assert suggested() == []


SAID = {
    name: sample
    for name, sample in SAMPLES.items()
    if name in ("iso", "common", "syslog", "month_day_year", "slashed", "dotted", "compact", "colons", "day_of_year")
}


@pytest.mark.parametrize("name", SAID)
def test_a_time_that_is_read_is_spelled_as_a_format_that_reads_it(name: str) -> None:
    line, expected = SAID[name]
    found = find_time(line)
    assert found is not None
    text = spelled_as_format(found.match)
    assert text is not None
    match = named_format(text).find(line[found.match.start() :])
    assert match is not None
    assert stamp(line) == expected
    assert match["time"] == found.match[0]
