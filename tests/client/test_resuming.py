"""How a follow goes on: with which question, after how long, and what is told of it."""

from __future__ import annotations

import pytest

from logagent.client.asked import Pairs
from logagent.client.records import Moved
from logagent.client.resuming import Resuming
from logagent.client.values import LogLine
from logagent.core.batch import Notice
from logagent.core.outcome import Status
from logagent.core.query import HEARTBEAT, BadParameter
from logagent.peers.retrying import FIRST_WAIT, LONGEST_WAIT, MISSED_HEARTBEATS

FILE = ("filename", b"app.log")


def resuming(*pairs: tuple[str, bytes], give_up: float = 100.0) -> Resuming:
    return Resuming([FILE, *pairs], 0.0, give_up, lambda: 1.0)


def line(cursor: str, text: str = "x") -> LogLine:
    return LogLine(None, "web-1", "app.log", text, 0, cursor=cursor)


def asked(it: Resuming, now: float = 0.0) -> Pairs:
    return sorted(it.question(now))


EARLIER: Pairs = [("n", b"5"), ("n_per_file", b"2"), ("since", b"15m"), ("cursor", b"first")]


def test_until_something_is_taken_the_whole_question_is_asked() -> None:
    it = resuming(*EARLIER)
    assert it.cursor == "first"
    it.reach()
    assert asked(it) == sorted([FILE, *EARLIER])


@pytest.mark.parametrize("item", [line("second"), Moved("second")])
def test_then_it_goes_on_behind_that(item: LogLine | Moved) -> None:
    it = resuming(*EARLIER)
    it.take(item)
    assert asked(it) == [("cursor", b"second"), FILE]
    assert it.cursor == "second"


def test_lines_without_a_cursor_are_not_asked_for_again_and_that_is_told() -> None:
    it = resuming(*EARLIER)
    it.take(line("second"))
    it.take(line(""))
    assert asked(it) == [FILE, ("n", b"0")]
    it.lose("gone", 1.0)
    assert it.hear(3.0) == Notice(
        "", Status.DATA_LOSS, "back after 2.0 s; there was no cursor to go on from: lines may be missing"
    )


def test_a_line_that_has_one_again_is_gone_on_from() -> None:
    it = resuming()
    it.take(line(""))
    it.take(line("third"))
    assert asked(it) == [("cursor", b"third"), FILE]


def test_time_and_bytes_are_what_is_left_of_them() -> None:
    it = resuming(("timeout", b"1m"), ("max_bytes", b"100"))
    it.take(line("c", "two\nlines"))
    assert it.lines == 2
    assert asked(it, 12.5) == [("cursor", b"c"), FILE, ("max_bytes", b"90"), ("timeout", b"47.500")]
    it.take(line("d", "y" * 200))
    assert asked(it, 90.0) == [("cursor", b"d"), FILE, ("max_bytes", b"1"), ("timeout", b"0.001")]


def test_silence_is_two_heartbeats() -> None:
    assert resuming().silence == MISSED_HEARTBEATS * HEARTBEAT
    assert resuming(("heartbeat", b"2s")).silence == MISSED_HEARTBEATS * 2.0


@pytest.mark.parametrize("pair", [("heartbeat", b"0.1"), ("timeout", b"soon")])
def test_a_span_that_is_none_is_told_at_once(pair: tuple[str, bytes]) -> None:
    with pytest.raises(BadParameter):
        resuming(pair)


def test_waits_double_up_to_a_bound_until_it_is_given_up() -> None:
    it = resuming()
    assert it.lose("cannot connect: connection refused", 0.0) == Notice(
        "", Status.UNAVAILABLE, "lost: connection refused; trying again"
    )
    assert it.lose("again", 1.0) is None
    waits = [it.wait(0.0) for _ in range(9)]
    assert waits == [min(FIRST_WAIT * 2**times, LONGEST_WAIT) for times in range(9)]
    assert it.wait(99.9) is not None
    assert it.wait(100.0) is None


def test_once_it_is_back_all_begins_anew() -> None:
    it = resuming()
    assert it.hear(0.0) is None
    it.lose("gone", 0.0)
    it.wait(0.0)
    assert it.hear(2.0) == Notice("", Status.OK, "back after 2.0 s")
    it.lose("gone", 90.0)
    assert it.wait(100.0) == FIRST_WAIT


def test_an_agent_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    it = resuming()
    it.lose("full", 0.0)
    assert it.wait(0.0, at_least=7.0) == 7.0


def test_no_wait_is_longer_than_the_time_that_is_left() -> None:
    it = resuming(("timeout", b"10"))
    it.lose("gone", 9.9)
    assert it.wait(9.9) == pytest.approx(0.1)
    assert it.wait(10.0) is None


def test_only_an_agent_that_took_the_question_is_waited_for() -> None:
    it = resuming()
    assert not it.may_resume
    it.reach()
    assert it.may_resume
