"""Outcomes: how several become one."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from logagent.core.merging.outcomes import combine
from logagent.core.notes import Note
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status, Untold, failed

FOUND = Outcome()
MISSING = Outcome(Status.NOT_FOUND, "db-1: no such file")
AWAY = Outcome(Status.UNAVAILABLE, "web-1: cannot connect")
LATE = Outcome(Status.DEADLINE_EXCEEDED, "web-2: timeout=1 s reached")


def combined(*outcomes: Outcome) -> Outcome:
    return combine(outcomes, lines=0, timings={})


def test_nothing_asked_is_complete() -> None:
    assert combined() == Outcome()


def test_all_in_order_is_in_order() -> None:
    assert combined(FOUND, FOUND) == Outcome()


@pytest.mark.parametrize("failure", [AWAY, LATE, Outcome(Status.INTERNAL, "bug"), Outcome(Status.CANCELLED)])
def test_one_failure_fails_the_whole(failure: Outcome) -> None:
    whole = combined(FOUND, failure, FOUND)
    assert (whole.status, whole.message) == (failure.status, failure.message)


def test_the_failure_that_came_first_is_the_wholes() -> None:
    assert combined(FOUND, LATE, AWAY).status is Status.DEADLINE_EXCEEDED
    assert combined(FOUND, AWAY, LATE).status is Status.UNAVAILABLE


def test_a_file_that_one_source_lacks_is_named_but_fails_nothing() -> None:
    whole = combined(FOUND, MISSING, FOUND)
    assert whole.complete
    assert whole.message == MISSING.message


def test_a_file_that_every_source_lacks_is_not_found() -> None:
    other = Outcome(Status.NOT_FOUND, "db-2: no such file")
    assert combined(MISSING, other) == MISSING
    assert combined(other, MISSING) == other


def test_a_failure_goes_before_what_is_missing_whichever_came_first() -> None:
    for order in itertools.permutations([MISSING, AWAY, FOUND]):
        assert combined(*order).status is Status.UNAVAILABLE


def test_a_source_that_failed_may_have_what_the_others_lack() -> None:
    assert combined(MISSING, AWAY) == AWAY


def test_a_note_of_a_source_that_is_in_order_is_passed_on() -> None:
    whole = combined(FOUND, Outcome(message="a.log: no time in its lines"), MISSING)
    assert whole.complete
    assert whole.message == "a.log: no time in its lines"


def test_lines_are_those_that_went_out_not_those_that_came_in() -> None:
    assert combine([Outcome(lines=5), Outcome(lines=7)], lines=10, timings={}).lines == 10


def test_bytes_scanned_add_up_over_failures_too() -> None:
    failure = failed(Failure(Status.DATA_LOSS, "a.log: damaged"), lines=1, bytes_scanned=20)
    assert combined(Outcome(bytes_scanned=300), failure, Outcome(bytes_scanned=1)).bytes_scanned == 321


def test_hosts_are_listed_in_the_order_in_which_they_ended() -> None:
    parts = [
        HostOutcome("b", Status.OK, lines=1),
        HostOutcome("a", Status.UNAVAILABLE, "away"),
        HostOutcome("c", Status.OK),
    ]
    assert combined(Outcome(hosts=(parts[0],)), Outcome(hosts=(parts[1], parts[2]))).hosts == tuple(parts)


def test_timings_add_up_by_stage_with_the_wholes_own() -> None:
    ended = [Outcome(timings={"open": 1, "scan": 10}), Outcome(timings={"scan": 20}), AWAY]
    assert combine(ended, lines=0, timings={"merge": 5, "open": 100}).timings == {"open": 101, "scan": 30, "merge": 5}


def test_combining_leaves_the_timings_it_was_given_alone() -> None:
    mine, theirs = {"merge": 1}, {"scan": 2}
    combine([Outcome(timings=theirs)], lines=0, timings=mine)
    assert (mine, theirs) == ({"merge": 1}, {"scan": 2})


def test_outcomes_may_come_from_an_iterator() -> None:
    assert combine(iter([FOUND, AWAY]), lines=0, timings={}).status is Status.UNAVAILABLE


def test_notes_add_up_by_host_and_kind_over_failures_too() -> None:
    one, two = Note("times", ("a.log",), 1, "web-1"), Note("times", ("b.log",), 2, "web-1")
    other = Note("times", ("b.log",), 1, "web-2")
    whole = combined(Outcome(notes=(one,)), replace(AWAY, notes=(two,)), Outcome(notes=(other,)))
    assert whole.notes == (Note("times", ("a.log", "b.log"), 3, "web-1"), other)
    assert combined(Outcome(notes=(one,))).complete


def test_all_causes_below_the_level_of_a_host_are_named_up_to_five() -> None:
    outcomes = [Outcome(Status.DATA_LOSS, f"{name}: damaged") for name in "aabcdefg"]
    assert combine(outcomes[:4], lines=0, timings={}).message == "a: damaged; b: damaged; c: damaged"
    whole = combine([Outcome(), *outcomes], lines=0, timings={})
    assert whole.message == "a: damaged; b: damaged; c: damaged; d: damaged; e: damaged; and 2 more"
    assert whole.status is Status.DATA_LOSS


def test_of_several_hosts_that_fail_the_message_is_the_first_ones() -> None:
    outcomes = [Outcome(Status.UNAVAILABLE, f"{name}: gone").of_host(name) for name in "ab"]
    assert combine(outcomes, lines=0, timings={}).message == "a: gone"


def test_the_reasons_of_more_than_two_hosts_are_told_together() -> None:
    gone = [Outcome(Status.UNAVAILABLE, "gone").of_host(f"web-{number}") for number in range(12)]
    late = [Outcome(Status.DEADLINE_EXCEEDED, "late").of_host("db-1")]
    fine = [Outcome().of_host(f"app-{number}") for number in range(987)]
    whole = combined(*gone, *fine, *late)
    assert whole.status is Status.UNAVAILABLE
    assert whole.message == "13 of 1,000 hosts failed: gone (web-0, web-1, web-10 and 9 more); late (db-1)"


def test_a_limit_that_was_reached_is_told_before_the_hosts() -> None:
    gone = [Outcome(Status.UNAVAILABLE, "gone").of_host(host) for host in "abc"]
    whole = combined(Outcome(Status.RESOURCE_EXHAUSTED, "max_bytes=5 reached"), *gone)
    assert whole.status is Status.RESOURCE_EXHAUSTED
    assert whole.message == "max_bytes=5 reached; 3 of 3 hosts failed: gone (a, b and c)"


def test_what_several_primaries_left_out_is_added_up_and_told() -> None:
    parts = (HostOutcome("a-1", Status.UNAVAILABLE, "gone"),)
    one = Outcome(Status.UNAVAILABLE, "many", hosts=parts, omitted=Untold(30, 20, 2))
    other = Outcome(hosts=(HostOutcome("b-1", Status.OK),), omitted=Untold(10, 0, 1))
    whole = combined(one, other)
    assert whole.omitted == Untold(40, 20, 3)
    assert whole.message == "21 of 42 hosts failed: gone (a-1); and 20 more"
