"""Times in a zone before lines, in charts and in tables."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch, Origin
from logagent.core.outcome import Outcome
from logagent.terminal import showing
from logagent.terminal.line_times import LineTimes, spelled
from testbed.console import Console, hits_question_of, question_of
from testbed.counts import counts
from testbed.sources import source

MOMENT = 1_795_435_200_123_456_789
BERLIN = {"TZ": "Europe/Berlin"}
LINES = Batch(
    b"one\ntwo\n", 2, [MOMENT, MOMENT], [0, 0], (Origin("web-1", "a"), Origin("db", "b", timed=False)), [0, 1]
)


def test_times_are_spelled_in_a_zone() -> None:
    assert spelled(MOMENT, UTC, "milliseconds") == "2026-11-23T12:00:00.123Z"
    assert spelled(MOMENT, ZoneInfo("Asia/Kolkata"), "seconds") == "2026-11-23T17:30:00+05:30"
    assert spelled(-1, UTC, "milliseconds") == "1969-12-31T23:59:59.999Z"
    assert spelled(10**21, UTC, "seconds") == "@1000000000000"


def test_a_time_that_is_only_of_a_file_is_not_printed() -> None:
    assert LineTimes(UTC).of(LINES) == ["2026-11-23T12:00:00.123Z", "-"]


@pytest.mark.parametrize(
    ("flags", "first"),
    [
        (["--utc"], "2026-11-23T12:00:00.123Z web-1 a: one"),
        (["--local"], "2026-11-23T13:00:00.123+01:00 web-1 a: one"),
        (["--local", "--prefix", "never"], "2026-11-23T13:00:00.123+01:00 one"),
    ],
)
async def test_lines_begin_with_their_time(console: Console, flags: list[str], first: str) -> None:
    asked = question_of("query", "*", *flags)
    assert (asked.query.form.times, asked.query.form.places) == (True, True)
    await showing.show(source(LINES, outcome=Outcome(lines=2)), asked, console.streams, BERLIN)
    assert console.data.splitlines()[0] == first


@pytest.mark.parametrize(
    ("flags", "hour", "zone"), [(["--utc"], 12, "UTC"), (["--local"], 13, "Europe/Berlin"), ([], 13, "Europe/Berlin")]
)
async def test_a_chart_is_in_the_zone_that_is_asked_for(
    console: Console, flags: list[str], hour: int, zone: str
) -> None:
    asked = hits_question_of("*", "--step", "1s", *flags)
    hits = source(counts((MOMENT // 10**9 * 10**9, 1), step=10**9), outcome=Outcome(lines=1))
    await showing.show(hits, asked, console.streams, BERLIN)
    assert console.data.startswith(f"2026-11-23 {hour}:00:00 ")
    assert f"in {zone}: " in console.data


def test_json_has_times_in_utc_always() -> None:
    for asks in (question_of, hits_question_of):
        command = ["query"] if asks is question_of else []
        with pytest.raises(ConfigError, match=r"^--local: .*the times of JSON are in UTC"):
            asks(*command, "*", "--local", "-o", "json")
