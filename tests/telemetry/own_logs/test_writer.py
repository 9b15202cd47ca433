"""What becomes of lines: each target gets its own, and what one does not take is counted, and told once it can be."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from logagent.telemetry.own_logs.repeats import WINDOW
from logagent.telemetry.own_logs.told import Told
from logagent.telemetry.own_logs.writer import AGAIN, QUIET, Writer
from testbed.clock import Clock
from testbed.own_lines import Kept, told, warning


def test_each_target_takes_what_is_for_it() -> None:
    everything, warnings, others = Kept(), Kept(), Kept()
    warnings.least = logging.WARNING
    others.skips = ("logagent.web",)
    writer = Writer([everything, warnings, others])
    assert writer.write([told("one"), warning("two"), warning("three", logger="logagent.x")], 0) is None
    assert everything.messages == ["one", "two", "three"]
    assert warnings.messages == ["two", "three"]
    assert others.messages == ["three"]


def test_repeats_are_counted_for_those_that_want_it() -> None:
    counting, plain, clock = Kept(), Kept(), Clock()
    plain.counts_repeats = False
    writer = Writer([counting, plain], clock=clock)
    assert writer.write([warning("no")] * 3, 0) == WINDOW
    clock.now = WINDOW
    assert writer.write([], 0) is None
    assert counting.messages == ["no", "2 more in 60 s: no"]
    assert plain.messages == ["no"] * 3


def test_what_did_not_fit_into_the_queue_is_told() -> None:
    kept = Kept()
    Writer([kept]).write([told("one")], 7)
    assert kept.messages == ["7 lines not written: they came faster than they could be", "one"]


def test_what_a_target_did_not_take_is_counted_and_told_once_it_takes_lines_again() -> None:
    kept, other = Kept(room=1), Kept()
    writer = Writer([kept, other])
    assert writer.write([told("one"), told("two"), told("three")], 0) == AGAIN
    assert writer.write([told("four")], 0) == AGAIN
    kept.room = 10
    assert writer.write([], 0) is None
    assert kept.messages == ["one", "3 lines not written: no room"]
    assert other.messages[:3] == ["one", "two", "three"]


def test_what_is_lost_again_is_counted_anew() -> None:
    kept = Kept(room=0)
    writer = Writer([kept], otherwise=Kept())
    writer.write([told("one")], 0)
    kept.room = 2
    writer.write([told("two"), told("three")], 0)
    kept.room = 1
    writer.write([], 0)
    assert kept.messages == ["1 line not written: no room", "two", "1 line not written: no room"]


def test_all_that_was_lost_is_counted_whoever_lost_it() -> None:
    narrow, wide, third = Kept(room=1), Kept(room=2), Kept()
    writer = Writer([narrow, wide])
    assert writer.dropped == 0
    writer.write([told("one"), told("two"), told("three")], 0)
    assert writer.dropped == 2 + 1
    narrow.room = wide.room = 10
    writer.write([told("four")], 5)
    assert writer.dropped == 2 + 1 + 5
    writer.replace([wide, third])
    writer.write([told("five")], 0)
    assert writer.dropped == 2 + 1 + 5


def test_that_a_target_fails_is_told_to_the_others_and_not_again_for_a_while() -> None:
    failing, other, clock = Kept("the disk", room=0), Kept(), Clock()
    writer = Writer([failing, other], clock=clock)
    told_of = "the agent's own log: the disk: no room; what it does not take is counted"
    for _ in range(5):
        writer.write([told("one")], 0)
    assert other.messages == ["one", told_of, "one", "one", "one", "one"]
    clock.now = QUIET
    writer.write([], 0)
    assert other.messages[-1] == told_of


def test_that_the_only_target_fails_is_told_where_people_look() -> None:
    failing, otherwise = Kept("the disk", room=0), Kept()
    Writer([failing], otherwise).write([told("one")], 0)
    assert otherwise.messages == ["the agent's own log: the disk: no room; what it does not take is counted"]


class Broken(Kept):
    def write(self, lines: Sequence[Told]) -> int:
        raise ZeroDivisionError("division by zero")


def test_a_bug_in_one_target_leaves_the_others() -> None:
    kept = Kept()
    writer = Writer([Broken("broken"), kept])
    assert writer.write([told("one")], 0) == AGAIN
    assert kept.messages[0] == "one"
    assert "broken: ZeroDivisionError: division by zero" in kept.messages[1]


def test_other_targets_take_the_place_of_the_first_and_hear_what_those_lost() -> None:
    first, stays, second = Kept(room=0), Kept(), Kept()
    writer = Writer([first, stays])
    writer.write([told("one")], 0)
    writer.replace([stays, second])
    writer.write([told("two")], 0)
    assert (first.is_closed, stays.is_closed) == (True, False)
    assert second.messages == ["1 line not written to what they were for then", "two"]


def test_at_the_end_what_was_counted_is_written_and_all_is_closed() -> None:
    kept = Kept()
    writer = Writer([kept])
    writer.write([warning("no")] * 2, 0)
    writer.finish()
    assert kept.messages == ["no", "1 more in 60 s: no"]
    assert kept.is_closed


def test_what_was_never_written_is_told_at_the_end() -> None:
    failing, otherwise = Kept("the disk", room=0), Kept()
    writer = Writer([failing, Kept()], otherwise)
    writer.write([told("one")], 0)
    writer.finish()
    assert otherwise.messages == ["1 line not written to the disk until the end: no room"]
