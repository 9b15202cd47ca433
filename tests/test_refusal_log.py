"""Refusals as lines on standard error: bounded, escaped, and never in the agent's way."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio
from trio.testing import MockClock

from logagent.refusal_log import AT_ONCE, LONGEST_REASON, PER_SECOND, TELLING, RefusalLog, line_of, told_on
from testbed.clock import Clock

PIPE_BUF = 4096


def refusal(reason: str = "no", **about: object) -> logging.LogRecord:
    return logging.getLogger("x").makeRecord("x", logging.WARNING, "", 0, reason, (), None, extra=about)


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    fcntl.fcntl(ends[0], fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def lines(end: int) -> list[str]:
    try:
        return os.read(end, 1 << 20).decode().splitlines()
    except BlockingIOError:
        return []


def test_a_line_says_who_what_and_why() -> None:
    record = refusal("GET /logs: no such file", status=404, peer="10.0.0.7:5", trace_id="ab" * 16)
    assert line_of(record) == f"refused 10.0.0.7:5 (404): GET /logs: no such file (trace {'ab' * 16})"


def test_a_line_names_who_asks() -> None:
    record = refusal("GET /logs: no", status=403, peer="10.0.0.7:5", caller="token:alice through web-1\n")
    assert line_of(record) == r"refused 10.0.0.7:5 (403) as token:alice through web-1\n: GET /logs: no"


def test_a_line_says_what_is_known() -> None:
    assert line_of(refusal("no")) == "refused: no"


def test_nobody_writes_lines_of_his_own_or_moves_a_cursor() -> None:
    told = line_of(refusal("GET /\nlogagent: refused\x1b[2J\u2028\x9b", peer="a\nb", status="\r", trace_id="\n"))
    assert told == r"refused a\nb (\r): GET /\nlogagent: refused\x1b[2J\u2028\x9b (trace \n)"


@pytest.mark.parametrize("letter", ["x", "ä", "\U000e0001", "\n"])
def test_a_line_fits_into_one_write(letter: str) -> None:
    peer = "[" + "f" * 45 + "]:65535"
    told = line_of(refusal(letter * 100_000, peer=peer, status=431, caller=letter * 10_000, trace_id="0" * 32))
    assert len(told) >= LONGEST_REASON
    assert len(told.encode()) < PIPE_BUF


def test_a_flood_is_told_by_its_number() -> None:
    clock = Clock()
    with pipe() as (reading, writing):
        log = RefusalLog(writing, clock)
        for _ in range(AT_ONCE + 1000):
            log.emit(refusal())
        assert lines(reading) == ["logagent: refused: no"] * AT_ONCE
        clock.now += 1
        log.emit(refusal("again"))
        assert lines(reading) == ["logagent: 1000 more refusals not shown", "logagent: refused: again"]


def test_after_a_flood_as_many_are_shown_as_before() -> None:
    clock = Clock()
    with pipe() as (reading, writing):
        log = RefusalLog(writing, clock)
        for _ in range(10_000):
            log.emit(refusal())
        log.tell_hidden()
        lines(reading)
        clock.now += AT_ONCE / PER_SECOND
        for _ in range(AT_ONCE):
            log.emit(refusal())
        assert len(lines(reading)) == AT_ONCE


async def test_what_was_not_shown_is_told_though_nothing_follows(autojump_clock: MockClock) -> None:
    with pipe() as (reading, writing):
        log = RefusalLog(writing)
        for _ in range(AT_ONCE + 3):
            log.emit(refusal())
        lines(reading)
        with trio.move_on_after(3 * TELLING):
            await log.run()
        assert lines(reading) == ["logagent: 3 more refusals not shown"]


def test_a_reader_that_reads_nothing_holds_nobody_up() -> None:
    clock = Clock()
    with pipe() as (reading, writing):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BUF)
        log = RefusalLog(writing, clock)
        for _ in range(2 * AT_ONCE):
            clock.now += 1
            log.emit(refusal("x" * 300))
        shown = len(lines(reading))
        log.tell_hidden()
        assert lines(reading) == [f"logagent: {2 * AT_ONCE - shown} more refusals not shown"]


def test_standard_error_that_is_full_or_closed_does_no_harm() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    for each in (full, full, 1000):
        RefusalLog(each).emit(refusal())
    os.close(full)
    RefusalLog(full).emit(refusal())


def test_refusals_are_told_while_an_agent_runs() -> None:
    log = logging.getLogger("logagent.refusals")
    with pipe() as (reading, writing):
        with told_on(writing):
            log.warning("no: %s", "because", extra={"status": 403})
        assert lines(reading) == ["logagent: refused (403): no: because"]
    assert log.handlers == []
    assert log.propagate
