"""Which stamper reads a file's times, and that one of a named format reads each line as if it came alone."""

from __future__ import annotations

import pytest

from logagent.core.times.judgement import Judgement
from logagent.core.times.named_formats import named_format
from logagent.core.times.named_judging import judge_with
from logagent.core.times.stamper import Stamper
from logagent.core.times.stampers import NamedStamper, stamper_for
from testbed.times import BERLIN, MODIFIED, UTC, ns


def test_a_file_without_a_named_format_is_read_by_its_judgement() -> None:
    assert isinstance(stamper_for(UTC, MODIFIED, Judgement()), Stamper)


def test_a_time_that_names_no_zone_is_in_that_of_its_format_or_else_of_its_file() -> None:
    line = b"27/11/2023 13.55"
    for zone, expected in ((None, "2023-11-27 12:55"), (UTC, "2023-11-27 13:55")):
        named = named_format("%d/%m/%Y %H.%M", zone=zone)
        assert stamper_for(BERLIN, MODIFIED, Judgement(named=named)).stamp(line) == ns(expected)


@pytest.mark.parametrize("text", ["%m/%d %H:%M:%S", "%H:%M:%S", "%Y-%m/%d %H:%M:%S"])
def test_what_is_remembered_of_a_minute_changes_no_time(text: str) -> None:
    named = named_format(text)
    dates = {"%m/%d %H:%M:%S": b"06/16 ", "%H:%M:%S": b"", "%Y-%m/%d %H:%M:%S": b"2024-06/16 "}
    lines = [dates[text] + b"%02d:%02d:%02d x" % (second // 3600, second // 60 % 60, second % 60)
             for second in range(11 * 3600, 13 * 3600 + 3600, 7)]  # fmt: skip
    judgement = judge_with(named, lines, UTC, MODIFIED)
    alone = [stamper_for(UTC, MODIFIED, judgement).stamp(line) for line in lines]
    assert isinstance(stamper_for(UTC, MODIFIED, judgement), NamedStamper)
    assert stamper_for(UTC, MODIFIED, judgement).stamps(lines) == alone
    assert None not in alone
