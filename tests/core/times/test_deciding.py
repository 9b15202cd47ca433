"""Small files decide what their times mean, or are not trusted."""

from __future__ import annotations

import datetime
import zoneinfo
from pathlib import Path
from typing import NamedTuple

import pytest

from logagent.core.times.deciding import rejected
from logagent.core.times.judgement import Distrust, judge
from logagent.core.times.places import Kind, TimePlace
from logagent.core.times.stamper import Stamper
from testbed.times import instant, ns

ZONE = zoneinfo.ZoneInfo("America/New_York")
REASONS = {"ambiguous": Distrust.AMBIGUOUS, "none": Distrust.NONE}


class Small(NamedTuple):
    """A small file: what it shows, when it was written, what is found, and its lines with their times."""

    name: str
    modified: int
    found: str
    lines: list[bytes]
    times: list[int | None]


def moment(text: str) -> int | None:
    if text == "none":
        return None
    time = datetime.datetime.fromisoformat(text)
    return instant(time if time.tzinfo else time.replace(tzinfo=ZONE))


def small_files() -> list[Small]:
    text = (Path(__file__).parent / "decided.txt").read_text("utf-8").replace("{NARROW}", "\u202f")
    files = []
    for block in text.split("\n## ")[1:]:
        heading, *rows = block.strip().splitlines()
        name, modified, found = heading.split(" | ")
        pairs = [row.split(" | ", 1) for row in rows]
        lines = [line.encode() for _, line in pairs]
        files.append(Small(name, moment(modified) or 0, found, lines, [moment(time) for time, _ in pairs]))
    return files


FILES = small_files()


@pytest.mark.parametrize("small", FILES, ids=[small.name for small in FILES])
def test_a_file_decides(small: Small) -> None:
    judgement = judge(small.lines, ZONE, small.modified)
    assert judgement.distrust is REASONS.get(small.found)
    if judgement.trusted:
        assert small.found in judgement.formats
        stamper = Stamper(ZONE, small.modified, judgement)
        assert stamper.stamps(small.lines * 3) == small.times * 3
        assert [stamper.stamp(line) for line in small.lines] == small.times


def test_there_are_many_small_files() -> None:
    assert len({small.name for small in FILES}) >= 30


def test_a_date_long_after_the_last_write_is_none() -> None:
    day, month = (TimePlace(Kind.TEXT, name) for name in ("day_first", "month_first"))
    times = {day: [ns("2026-12-05 00:00:00")], month: [ns("2026-05-12 00:00:00")]}
    assert rejected(times, ns("2026-05-12 00:00:00")) == ({day}, False)
    assert rejected(times, ns("2026-12-05 00:00:00")) == ({day, month}, True)


def test_dates_that_are_the_same_either_way_decide_nothing_and_need_not() -> None:
    day, month = (TimePlace(Kind.TEXT, name) for name in ("day_first", "month_first"))
    times = {day: [ns("2026-11-11 00:00:00")], month: [ns("2026-11-11 00:00:00")]}
    assert rejected(times, ns("2026-11-12 00:00:00")) == ({month}, False)
