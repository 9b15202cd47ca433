"""Dates that messages mention change nothing: not the order, nor ranges, hits or events.

Each log is asked twice: with dates strewn into it, and with harmless text of the same length in their place. Left out
is what cannot be told apart: a continuation line that begins with a date in the very layout of the file's own times.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.query import Order, Unit
from logagent.core.units import SECOND
from logagent.disk.times.appended import AppendedTimes
from testbed import strewn
from testbed.reading import answer
from testbed.strewn import CONTINUATIONS, LAYOUTS, MESSAGES, Line, written

MINUTE = 60 * SECOND
LATERS = [timedelta(0), timedelta(seconds=3), timedelta(hours=5), timedelta(days=40)]
"""How long after its last line a file was written to last."""


def nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000) * 10**6


async def told(content: bytes, modified: int, **asked: Any) -> list[object]:
    """All that an answer tells but the text of the lines."""
    out, outcome = await answer([content], (4096, 65536), modified=modified, **asked)
    batches = [batch for batch in out.batches if batch.count]
    columns = [
        (time, batch.offsets[line] if batch.offsets else None, batch.flags[line] if batch.flags else 0)
        for batch in batches
        for line, time in enumerate(batch.times or ())
    ]
    counts = out.lines if asked.get("hits") else []
    trusted = {origin.timed for batch in batches for origin in batch.origins}
    return [outcome.status, outcome.notes, outcome.message, columns, counts, trusted]


def questions(first: int, last: int) -> list[dict[str, Any]]:
    middle, late = first + (last - first) // 3, first + (last - first) * 2 // 3
    return [
        {"order": Order.NEWEST},
        {"order": Order.OLDEST, "keywords": (b"hit",)},
        {"order": Order.NEWEST, "since": middle, "until": late + 1},
        {"order": Order.OLDEST, "since": late},
        {"order": Order.NEWEST, "until": middle},
        {"order": Order.NEWEST, "since": last + MINUTE},
        {"order": Order.OLDEST, "until": first},
        {"hits": True, "step": MINUTE},
        {"unit": Unit.EVENT, "keywords": (b"hit",)},
        {"unit": Unit.EVENT, "order": Order.OLDEST, "since": middle, "until": late + 1},
    ]


async def check(layout: str, lines: Sequence[Line], later: timedelta, asked: int, pack: Any, times: int = 1) -> None:
    with_dates, last = written(layout, lines, strewn=True, times=times)
    without, _ = written(layout, lines, strewn=False, times=times)
    question, modified = questions(nanoseconds(strewn.FIRST), nanoseconds(last))[asked], nanoseconds(last + later)
    got = await told(pack(with_dates), modified, **question)
    assert got == await told(pack(without), modified, **question)


packs = st.sampled_from([bytes, strewn.zipped])


@settings(max_examples=150)
@given(st.sampled_from(sorted(LAYOUTS)), strewn.lines, st.sampled_from(LATERS), st.integers(0, 9), packs)
async def test_dates_in_messages_change_no_answer(
    layout: str, lines: list[Line], later: timedelta, asked: int, pack: Any
) -> None:
    await check(layout, lines, later, asked, pack)


def long_log(seed: str) -> list[Line]:
    """Lines with dates near and far, always the same for one seed."""
    chosen = random.Random(seed)

    def line() -> Line:
        continues = chosen.random() < 0.4
        days = chosen.choice([0, 0, -400, 4000])
        offset = timedelta(days=days, seconds=chosen.randint(-7200, 7200))
        dates = tuple((chosen.randrange(len(strewn.DATES)), offset) for _ in range(2))
        text = chosen.choice(CONTINUATIONS if continues else MESSAGES)
        return Line(None if continues else chosen.choice([0.25, 1, 7]), text, dates)

    return [Line(1, "begun", ((0, timedelta()),) * 2), *(line() for _ in range(499))]


@pytest.mark.parametrize("layout", ["iso", "common log", "json, time last", "logfmt", "log4j", "level in front"])
@pytest.mark.parametrize("asked", [2, 3, 7])
async def test_nor_in_files_that_are_bisected(layout: str, asked: int) -> None:
    await check(layout, long_log(layout), timedelta(0), asked, bytes, times=40)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nor_where_lines_are_followed(layout: str) -> None:
    lines, times = long_log(layout), []
    for dated in (True, False):
        text, last = written(layout, lines, strewn=dated)
        appended = AppendedTimes(UTC, lambda offset, most, text=text: text[max(0, offset - most) : offset])
        got: list[int] = []
        for begin in range(0, len(lines), 40):
            block = text.splitlines(keepends=True)[begin : begin + 40]
            offset = text.index(b"".join(block))
            appended.learn(offset, b"".join(block), nanoseconds(last))
            starts = [offset + sum(map(len, block[:number])) for number in range(len(block))]
            got += appended.times(starts, [line.removesuffix(b"\n") for line in block])
        times.append(got)
    assert times[0] == times[1]
