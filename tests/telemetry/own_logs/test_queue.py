"""The queue of the agent's own log: it takes what is told without waiting, in order, and counts what does not fit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

import pytest

from logagent.telemetry.own_logs.handler import QueueHandler
from logagent.telemetry.own_logs.later import Later
from logagent.telemetry.own_logs.queue import CALM, MOST_LINES, MOST_TEXT, LogQueue
from logagent.telemetry.own_logs.told import Told

LONG = 60.0
"""Seconds that nothing here takes."""


def told(message: str) -> Told:
    return Told(0, logging.INFO, "logagent", message)


class Written:
    """Keeps what is to be written; hangs while it is held."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.lost = 0
        self.calls = 0
        self.finished = 0
        self.bugs = 0
        self.again: list[float | None] = []
        self.entered = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def write(self, lines: Sequence[Told], lost: int) -> float | None:
        self.calls += 1
        self.entered.set()
        self.may_go_on.wait(LONG)
        if self.bugs:
            self.bugs -= 1
            raise ZeroDivisionError
        self.messages += [line.message for line in lines]
        self.lost += lost
        return self.again.pop() if self.again else None

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def written() -> Iterator[Written]:
    made = Written()
    yield made
    made.may_go_on.set()


@pytest.fixture
def queue(written: Written) -> Iterator[LogQueue]:
    made = LogQueue(written)
    yield made
    written.may_go_on.set()
    assert made.close(LONG)


def hang(queue: LogQueue, written: Written) -> None:
    """Have the thread hang in its first write."""
    written.may_go_on.clear()
    queue.put(told("first"))
    assert written.entered.wait(LONG)


def test_all_is_written_in_order(queue: LogQueue, written: Written) -> None:
    for number in range(5000):
        queue.put(told(str(number)))
    assert queue.close(LONG)
    assert [*map(int, written.messages)] == [*range(5000)]


def test_from_several_threads_nothing_is_lost(queue: LogQueue, written: Written) -> None:
    threads = [threading.Thread(target=lambda: [queue.put(told("x")) for _ in range(1000)] and None) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queue.close(LONG)
    assert len(written.messages) + written.lost == 4000
    assert written.lost == 0


def test_there_is_no_thread_before_the_first_line(queue: LogQueue, written: Written) -> None:
    before = threading.active_count()
    assert queue.close()
    assert threading.active_count() == before
    assert written.finished == 1


def test_lines_are_written_together(queue: LogQueue, written: Written) -> None:
    hang(queue, written)
    for _ in range(100):
        queue.put(told("x"))
    written.may_go_on.set()
    assert queue.close(LONG)
    assert len(written.messages) == 101
    assert written.calls <= 3


def test_while_a_target_hangs_lines_wait_and_what_does_not_fit_is_counted(queue: LogQueue, written: Written) -> None:
    hang(queue, written)
    for _ in range(MOST_LINES + 123):
        queue.put(told("x"))
    written.may_go_on.set()
    assert queue.close(LONG)
    assert written.lost == 123
    assert len(written.messages) == MOST_LINES + 1


def test_while_a_target_hangs_lines_take_bounded_memory(queue: LogQueue, written: Written) -> None:
    hang(queue, written)
    most = MOST_TEXT // 10_000 + CALM
    for _ in range(most + 500):
        queue.put(Told(0, logging.INFO, "logagent", "x" * 5000, {"path": "y" * 5000}))
    written.may_go_on.set()
    assert queue.close(LONG)
    assert written.lost >= 500
    assert len(written.messages) <= most + 1


def test_the_end_does_not_wait_for_a_target_that_hangs(queue: LogQueue, written: Written) -> None:
    hang(queue, written)
    assert not queue.close(0.01)


def test_the_writer_is_called_again_when_it_wants(queue: LogQueue, written: Written) -> None:
    written.again = [None, 0.0, 0.0]
    queue.put(told("x"))
    assert queue.close(LONG)
    assert written.calls >= 1
    assert written.messages == ["x"]
    assert written.finished == 1


def test_a_bug_in_the_writer_loses_its_lines_only_and_is_told(
    queue: LogQueue, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    written.bugs = 1
    hang(queue, written)
    written.may_go_on.set()
    while written.bugs:
        pass
    queue.put(told("second"))
    assert queue.close(LONG)
    assert (written.messages, written.lost) == (["second"], 1)
    assert caplog.messages == ["the agent's own log could not be written"]


def test_levels_of_loggers_count(queue: LogQueue) -> None:
    logger = logging.getLogger("logagent.levels")
    try:
        logger.setLevel(logging.ERROR)
        assert not queue.is_wanted("logagent.levels.below", logging.WARNING)
        assert queue.is_wanted("logagent.levels.below", logging.ERROR)
        logger.setLevel(logging.DEBUG)
        queue.forget_levels()
        assert queue.is_wanted("logagent.levels.below", logging.WARNING)
    finally:
        logger.setLevel(logging.NOTSET)


def test_what_is_put_into_words_later_is_in_the_thread_that_writes(queue: LogQueue, written: Written) -> None:
    threads: list[threading.Thread] = []

    def words(number: int) -> tuple[str, dict[str, int]]:
        threads.append(threading.current_thread())
        return f"number {number}", {}

    queue.put(Later(0, logging.INFO, "logagent", words, (7,)))
    assert queue.close(LONG)
    assert written.messages == ["number 7"]
    assert threads != [threading.current_thread()]


def test_records_of_logging_come_through_the_handler(queue: LogQueue, written: Written) -> None:
    logger, handler = logging.getLogger("logagent.handled"), QueueHandler(queue)
    logger.addHandler(handler)
    try:
        logger.warning("no %s", "log")
    finally:
        logger.removeHandler(handler)
    assert queue.close(LONG)
    assert written.messages == ["no log"]


def test_a_record_that_cannot_be_read_is_told_on_standard_error_and_fails_nobody(
    queue: LogQueue, written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, handler = logging.getLogger("logagent.handled"), QueueHandler(queue)
    logger.addHandler(handler)
    try:
        logger.warning("no", extra={"fields": 7})
    finally:
        logger.removeHandler(handler)
    assert "'int' object is not iterable" in capsys.readouterr().err
    assert queue.close(LONG)
    assert written.messages == []
