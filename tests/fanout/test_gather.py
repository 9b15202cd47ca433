"""Many sources as one: merged by time, the slow left behind, the failed named, and nobody ahead of the reader."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.batch import LARGEST_BATCH, SIGN_OF_LIFE, Batch, Origin, Out
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Order, Query, Source
from logagent.fanout.feed import IDLE
from logagent.fanout.gather import LAST_WORDS, Gather
from testbed.queries import changed
from testbed.sources import NEVER, Reader, ScriptedSource, Step, lines, source

PATIENCE = 5.0
OLDEST = Query.of(files=("a.log",), order=Order.OLDEST)
AWAY = Outcome(Status.UNAVAILABLE, "cannot connect")


def searching(signs: int, every: float = 4.0, scanned: int = 0) -> list[Step]:
    """The steps of a source that finds nothing for long, with a sign of life every so many seconds."""
    step: tuple[Step, ...] = (every, replace(SIGN_OF_LIFE, scanned=scanned))
    return list(step * signs)


def hosts(*sources: Source) -> Gather:
    """The sources as hosts a, b, c..."""
    return Gather(list(zip("abcdefghij", sources, strict=False)), PATIENCE, of_hosts=True)


def statuses(outcome: Outcome) -> dict[str, Status]:
    return {part.host: part.status for part in outcome.hosts}


# What comes out.


async def test_no_sources_are_a_complete_answer_without_lines(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await Gather([], PATIENCE).pump(OLDEST, reader)
    assert (outcome, reader.batches) == (Outcome(), [])


async def test_one_sources_batches_go_on_as_they_are(autojump_clock: MockClock) -> None:
    reader, batches = Reader(), [lines(3, 1), lines(2)]
    outcome = await Gather([("a.log", source(*batches))], PATIENCE).pump(OLDEST, reader)
    assert reader.batches == batches
    assert outcome == Outcome(lines=3)


async def test_two_sources_come_in_the_order_of_their_times(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await hosts(source(lines(1, 4), lines(5)), source(lines(2, 3, 6))).pump(OLDEST, reader)
    assert reader.times == [1, 2, 3, 4, 5, 6]
    assert outcome.complete
    assert outcome.lines == 6


NOTED = (Note("times", ("a.log",), 1),)


async def test_notes_of_hosts_carry_their_names_and_make_nothing_incomplete(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(outcome=Outcome(notes=NOTED)), source(outcome=Outcome(notes=NOTED))).pump(
        OLDEST, Reader()
    )
    assert outcome.complete
    assert outcome.notes == (replace(NOTED[0], host="a"), replace(NOTED[0], host="b"))


async def test_notes_of_logs_add_up(autojump_clock: MockClock) -> None:
    both = [("a.log", source(outcome=Outcome(notes=NOTED))), ("b.log", source(outcome=Outcome(notes=NOTED)))]
    outcome = await Gather(both, PATIENCE).pump(OLDEST, Reader())
    assert [note.count for note in outcome.notes] == [2]


async def test_notes_of_a_source_that_is_stopped_are_those_that_it_told_ahead(autojump_clock: MockClock) -> None:
    reader = Reader()
    stopped = source(replace(lines(5), notes=NOTED), NEVER)
    outcome = await hosts(source(lines(1, 2, 3)), stopped).pump(changed(OLDEST, n=3), reader)
    assert outcome.notes == (replace(NOTED[0], host="b"),)
    assert [batch.notes for batch in reader.batches if batch.notes] == [outcome.notes]


async def test_notes_that_change_are_told_ahead_as_a_whole(autojump_clock: MockClock) -> None:
    reader, more = Reader(), (Note("times", ("a.log", "b.log"), 2),)
    changing = source(replace(lines(1), notes=NOTED), lines(2), replace(lines(3), notes=more))
    outcome = await hosts(changing, source()).pump(OLDEST, reader)
    assert [[note.count for note in batch.notes] for batch in reader.batches if batch.notes] == [[1], [2]]
    assert [note.count for note in outcome.notes] == [2]


async def test_the_newest_come_first_unless_asked_otherwise(autojump_clock: MockClock) -> None:
    reader = Reader()
    await hosts(source(lines(5, 1)), source(lines(3, 2))).pump(Query.of(files=("a.log",)), reader)
    assert reader.times == [5, 3, 2, 1]


async def test_many_sources_come_in_the_order_of_their_times(autojump_clock: MockClock) -> None:
    reader = Reader()
    many = [source(*(lines(second * 60 + host) for second in range(20)), outcome=Outcome()) for host in range(60)]
    await Gather([(f"{number:02}", each) for number, each in enumerate(many)], PATIENCE).pump(OLDEST, reader)
    assert reader.times == list(range(20 * 60))


async def test_places_come_along_when_asked_for(autojump_clock: MockClock) -> None:
    reader = Reader()
    await hosts(source(lines(1, 3)), source(lines(2))).pump(changed(OLDEST, places=True), reader)
    assert [offset for batch in reader.batches for offset in batch.offsets or ()] == [1, 2, 3]


async def test_lines_come_before_sources_that_have_more_are_done(autojump_clock: MockClock) -> None:
    reader, more = Reader(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hosts(source(lines(1), lines(3), more), source(lines(2), more)).pump, OLDEST, reader)
        await wait_all_tasks_blocked()
        assert reader.times == [1, 2]
        more.set()


# What is asked.


async def test_a_host_is_asked_for_its_own_files_only(autojump_clock: MockClock) -> None:
    asked = source()
    await hosts(asked, source()).pump(changed(OLDEST, hosts=("a", "b"), timeout=9.0), Reader())
    assert asked.query == changed(OLDEST, own=True, times=True, places=True)


async def test_the_only_host_is_asked_for_its_own_files_only(autojump_clock: MockClock) -> None:
    asked = source()
    query = changed(OLDEST, hosts=("a",), timeout=9.0, max_bytes=100, n=7)
    await hosts(asked).pump(query, Reader())
    assert asked.query == changed(query, hosts=(), own=True, timeout=None)


async def test_a_file_is_asked_for_times_and_no_budget_of_bytes(autojump_clock: MockClock) -> None:
    asked = source()
    query = changed(OLDEST, hosts=("a",), own=True, n=7, max_bytes=100, timeout=9.0)
    await Gather([("a.log", asked), ("b.log", source())], PATIENCE).pump(query, Reader())
    assert asked.query == changed(query, times=True, places=True, max_bytes=None, timeout=None)


# Patience.


async def test_a_source_that_never_says_anything_is_left_behind_and_named(autojump_clock: MockClock) -> None:
    reader, silent = Reader(), source(NEVER)
    outcome = await hosts(source(lines(1, 2)), silent).pump(OLDEST, reader)
    assert reader.times == [1, 2]
    assert outcome.status is Status.UNAVAILABLE
    assert outcome.message == "b: sent nothing for 5 s and was left behind"
    assert statuses(outcome) == {"a": Status.OK, "b": Status.UNAVAILABLE}
    assert silent.cancelled


async def test_a_source_that_falls_silent_between_batches_is_left_behind_with_what_it_gave(
    autojump_clock: MockClock,
) -> None:
    reader = Reader()
    outcome = await hosts(source(lines(1, 4)), source(lines(2), NEVER)).pump(OLDEST, reader)
    assert reader.times == [1, 2, 4]
    assert HostOutcome("b", Status.UNAVAILABLE, "sent nothing for 5 s and was left behind", 1) in outcome.hosts


async def test_a_source_that_falls_silent_after_its_last_batch_is_left_behind(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await hosts(source(lines(2, 9)), source(lines(1), lines(3), NEVER)).pump(OLDEST, reader)
    assert reader.times == [1, 2, 3, 9]
    assert statuses(outcome)["b"] is Status.UNAVAILABLE


async def test_the_only_source_is_left_behind_too(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(1), NEVER)).pump(OLDEST, Reader())
    assert (outcome.status, outcome.lines) == (Status.UNAVAILABLE, 1)


@pytest.mark.parametrize(("delay", "status"), [(PATIENCE - 0.1, Status.OK), (PATIENCE + 0.1, Status.UNAVAILABLE)])
async def test_patience_is_as_long_as_it_says(autojump_clock: MockClock, delay: float, status: Status) -> None:
    slow = source(delay, lines(1), delay, lines(2), delay)
    assert (await hosts(source(lines(9)), slow).pump(OLDEST, Reader())).status is status


async def test_signs_of_life_keep_a_source(autojump_clock: MockClock) -> None:
    reader = Reader()
    seeking = source(*searching(10), lines(2))
    outcome = await hosts(source(lines(1)), seeking).pump(OLDEST, reader)
    assert outcome.complete
    assert reader.times == [1, 2]


async def test_signs_of_life_go_on_to_the_reader(autojump_clock: MockClock) -> None:
    reader = Reader()
    await hosts(source(lines(1)), source(*searching(10), 4.0, lines(2))).pump(OLDEST, reader)
    assert reader.signs_of_life == 10


async def test_a_sign_of_life_helps_the_one_who_gave_it_only(autojump_clock: MockClock) -> None:
    silent = source(NEVER)
    outcome = await hosts(silent, source(*searching(10), lines(2))).pump(OLDEST, Reader())
    assert statuses(outcome) == {"a": Status.UNAVAILABLE, "b": Status.OK}


async def test_a_source_that_is_not_waited_for_may_take_its_time(autojump_clock: MockClock) -> None:
    reader = Reader()
    busy = source(lines(5), 40.0, lines(6))
    outcome = await hosts(busy, source(*(step for time in range(5) for step in (4.0, lines(time))), 4.0)).pump(
        OLDEST, reader
    )
    assert statuses(outcome)["b"] is Status.OK
    assert reader.times[:6] == [0, 1, 2, 3, 4, 5]


async def test_a_source_is_not_blamed_while_another_holds_the_merge_up(autojump_clock: MockClock) -> None:
    busy = source(lines(5), 28.0, lines(6))
    steady = source(*(step for time in range(6) for step in (4.0, lines(time))))
    assert (await hosts(busy, steady).pump(OLDEST, Reader())).complete


async def test_no_source_is_blamed_while_the_reader_is_slow(autojump_clock: MockClock) -> None:
    reader = Reader(delay=100)
    halting = source(*(step for time in range(5) for step in (lines(2 * time), 4.0)))
    outcome = await hosts(halting, source(*(lines(2 * time + 1) for time in range(5)))).pump(OLDEST, reader)
    assert outcome.complete
    assert reader.times == list(range(10))


async def test_several_silent_sources_are_left_behind_together(autojump_clock: MockClock) -> None:
    reader = Reader()
    silent = [source(NEVER) for _ in range(5)]
    query = changed(OLDEST, timeout=PATIENCE * 1.5)
    outcome = await hosts(source(lines(1)), *silent).pump(query, reader)
    assert reader.times == [1]
    assert outcome.status is Status.UNAVAILABLE
    assert list(statuses(outcome).values()).count(Status.UNAVAILABLE) == 5


async def test_sources_that_fall_silent_at_different_times_are_left_behind_each_at_its_own(
    autojump_clock: MockClock,
) -> None:
    sooner, later = source(NEVER), source(3.0, SIGN_OF_LIFE, NEVER)
    outcome = await hosts(source(lines(1)), later, sooner).pump(OLDEST, Reader())
    assert [part.host for part in outcome.hosts] == ["c", "b", "a"]


async def test_a_source_that_ends_well_while_it_is_cancelled_stays_left_behind(autojump_clock: MockClock) -> None:
    """What it says then was never in the answer."""
    stubborn = ScriptedSource([NEVER], on_cancel=Outcome)
    outcome = await hosts(source(lines(1)), stubborn).pump(OLDEST, Reader())
    assert statuses(outcome)["b"] is Status.UNAVAILABLE
    assert not outcome.complete


async def test_a_source_that_is_left_behind_is_cancelled_while_the_others_go_on(autojump_clock: MockClock) -> None:
    reader = Reader()
    given_by_then: list[list[int]] = []

    def note() -> Outcome:
        given_by_then.append(reader.times)
        return Outcome()

    await hosts(source(lines(1), *searching(10), lines(2)), ScriptedSource([NEVER], on_cancel=note)).pump(
        OLDEST, reader
    )
    assert reader.times == [1, 2]
    assert [2 in times for times in given_by_then] == [False]


async def test_sources_that_spoke_while_a_sign_of_life_was_on_its_way_are_kept(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(SIGN_OF_LIFE, 2.0, lines(1)), source(2.0, lines(2))).pump(OLDEST, Reader(delay=100))
    assert outcome.complete


async def test_a_sign_of_life_goes_on_once(autojump_clock: MockClock) -> None:
    reader = Reader()
    await hosts(source(SIGN_OF_LIFE, 4.0, lines(5)), source(1.0, lines(1)), source(2.0, lines(2))).pump(OLDEST, reader)
    assert reader.signs_of_life == 1


async def test_a_silent_file_does_not_take_its_host_along_where_hosts_are_waited_for_longer(
    autojump_clock: MockClock,
) -> None:
    reader = Reader()
    files = Gather([("a.log", source(lines(1))), ("b.log", source(NEVER))], PATIENCE / 2)
    outcome = await hosts(files, source(lines(2))).pump(OLDEST, reader)
    assert reader.times == [1, 2]
    assert outcome.hosts[0].lines == 1
    assert outcome.message == "a: sent nothing for 2.5 s and was left behind"


# Deadlines.


async def test_a_timeout_ends_with_the_lines_so_far_and_a_part_for_every_host(autojump_clock: MockClock) -> None:
    reader = Reader()
    seeking = source(lines(2), *searching(100))
    outcome = await hosts(source(lines(1)), seeking, source(outcome=AWAY)).pump(changed(OLDEST, timeout=60.0), reader)
    assert reader.times == [1, 2]
    assert outcome.lines == 2
    assert sorted(statuses(outcome).items()) == [
        ("a", Status.OK),
        ("b", Status.DEADLINE_EXCEEDED),
        ("c", Status.UNAVAILABLE),
    ]


async def test_a_timeout_says_how_long_it_was(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(NEVER)).pump(changed(OLDEST, timeout=2.5), Reader())
    assert (outcome.status, outcome.message) == (Status.DEADLINE_EXCEEDED, "timeout=2.5 s reached")


async def test_a_timeout_cancels_the_sources(autojump_clock: MockClock) -> None:
    both = [source(NEVER), source(lines(1), lines(2), lines(3))]
    await hosts(*both).pump(changed(OLDEST, timeout=2.5), Reader())
    assert all(each.cancelled for each in both)


async def test_a_timeout_holds_while_the_reader_takes_nothing(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(1)), source(lines(2))).pump(changed(OLDEST, timeout=60.0), Reader(delay=NEVER))
    assert (outcome.status, outcome.lines) == (Status.DEADLINE_EXCEEDED, 0)
    assert set(statuses(outcome).values()) == {Status.DEADLINE_EXCEEDED}


async def test_a_host_whose_lines_were_not_all_given_out_in_time_is_not_in_order(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(9)), source(*searching(100))).pump(changed(OLDEST, timeout=60.0), Reader())
    assert statuses(outcome)["a"] is Status.DEADLINE_EXCEEDED


async def test_an_answer_within_its_timeout_does_not_mention_it(autojump_clock: MockClock) -> None:
    assert (await hosts(source(4.0, lines(1))).pump(changed(OLDEST, timeout=4.5), Reader())).complete


# Failures.


async def test_a_source_fails_before_its_first_batch(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await hosts(source(outcome=AWAY), source(lines(1, 2))).pump(OLDEST, reader)
    assert reader.times == [1, 2]
    assert (outcome.status, outcome.message) == (Status.UNAVAILABLE, "a: cannot connect")
    assert outcome.hosts == (
        HostOutcome("a", Status.UNAVAILABLE, "cannot connect", 0),
        HostOutcome("b", Status.OK, "", 2),
    )


async def test_a_source_fails_between_batches(autojump_clock: MockClock) -> None:
    reader = Reader()
    lost = Outcome(Status.DATA_LOSS, "damaged", lines=2)
    outcome = await hosts(source(lines(1), lines(3), outcome=lost), source(lines(2, 4), 1.0, lines(5))).pump(
        OLDEST, reader
    )
    assert reader.times == [1, 2, 3, 4, 5]
    assert outcome.hosts == (HostOutcome("a", Status.DATA_LOSS, "damaged", 2), HostOutcome("b", Status.OK, "", 3))
    assert outcome.lines == 5


async def test_a_source_fails_after_its_last_batch_when_all_else_is_over(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await hosts(source(lines(1), lines(9), 1.0, outcome=AWAY), source(lines(2))).pump(OLDEST, reader)
    assert reader.times == [1, 2, 9]
    assert outcome.status is Status.UNAVAILABLE


async def test_a_host_without_the_file_is_named_but_fails_nothing(autojump_clock: MockClock) -> None:
    missing = Outcome(Status.NOT_FOUND, "no such file")
    outcome = await hosts(source(outcome=missing), source(lines(1))).pump(OLDEST, Reader())
    assert outcome.complete
    assert outcome.message == "a: no such file"
    assert statuses(outcome)["a"] is Status.NOT_FOUND


async def test_the_failure_that_came_first_is_the_answers(autojump_clock: MockClock) -> None:
    late = Outcome(Status.DATA_LOSS, "damaged")
    outcome = await hosts(source(2.0, outcome=late), source(1.0, outcome=AWAY)).pump(OLDEST, Reader())
    assert outcome.status is Status.UNAVAILABLE
    assert [part.host for part in outcome.hosts] == ["b", "a"]


async def test_a_file_that_fails_names_itself_and_has_no_part(autojump_clock: MockClock) -> None:
    lost = Outcome(Status.DATA_LOSS, "a.log: damaged")
    outcome = await Gather([("a.log", source(outcome=lost)), ("b.log", source(lines(1)))], PATIENCE).pump(
        OLDEST, Reader()
    )
    assert (outcome.status, outcome.message, outcome.hosts) == (Status.DATA_LOSS, "a.log: damaged", ())


async def test_a_bug_in_a_source_is_not_taken_for_an_end(autojump_clock: MockClock) -> None:
    class Buggy:
        async def pump(self, query: Query, out: Out) -> Outcome:
            raise ZeroDivisionError

    other = source(NEVER)
    with pytest.RaisesGroup(ZeroDivisionError):
        await hosts(Buggy(), other).pump(OLDEST, Reader())
    assert other.cancelled


# Budgets.


async def test_the_nth_line_ends_the_answer_and_cancels_the_sources(autojump_clock: MockClock) -> None:
    reader = Reader()
    both = [source(*(lines(time) for time in range(start, 1000, 2))) for start in (0, 1)]
    outcome = await hosts(*both).pump(changed(OLDEST, n=5), reader)
    assert reader.times == [0, 1, 2, 3, 4]
    assert outcome.complete
    assert outcome.lines == 5
    assert all(each.cancelled for each in both)
    assert sorted((part.host, part.lines) for part in outcome.hosts) == [("a", 3), ("b", 2)]


async def test_a_source_that_was_stopped_after_the_nth_line_need_not_have_ended_well(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(1, 2), outcome=AWAY), source(lines(1, 2))).pump(changed(OLDEST, n=2), Reader())
    assert outcome.complete
    assert set(statuses(outcome).values()) == {Status.OK}


async def test_a_host_that_failed_before_the_nth_line_still_fails_the_answer(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(outcome=AWAY), source(lines(1, 2)), source(lines(1, 2))).pump(
        changed(OLDEST, n=2), Reader()
    )
    assert (outcome.status, outcome.lines) == (Status.UNAVAILABLE, 2)


async def test_a_line_beyond_max_bytes_ends_the_answer_and_says_so(autojump_clock: MockClock) -> None:
    reader = Reader()
    both = [source(*(lines(time) for time in range(start, 1000, 2))) for start in (0, 1)]
    outcome = await hosts(*both).pump(changed(OLDEST, max_bytes=7), reader)
    assert reader.times == [0, 1, 2]
    assert (outcome.status, outcome.message) == (Status.RESOURCE_EXHAUSTED, "max_bytes=7 reached")
    assert len(outcome.hosts) == 2
    assert all(each.cancelled for each in both)


async def test_max_bytes_are_named_even_where_a_host_had_failed_before(autojump_clock: MockClock) -> None:
    """The host has its part in the verdict, the budget only the message."""
    outcome = await hosts(source(outcome=AWAY), source(lines(1)), source(lines(2))).pump(
        changed(OLDEST, max_bytes=2), Reader()
    )
    assert outcome.status is Status.RESOURCE_EXHAUSTED
    assert statuses(outcome)["a"] is Status.UNAVAILABLE


async def test_an_answer_that_fills_max_bytes_exactly_is_complete(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(1)), source(lines(2))).pump(changed(OLDEST, max_bytes=4), Reader())
    assert outcome.complete
    assert outcome.lines == 2


async def test_max_bytes_too_few_for_any_line_is_an_answer_without_lines(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await hosts(source(lines(10)), source(lines(20))).pump(changed(OLDEST, max_bytes=2), reader)
    assert [batch.count for batch in reader.batches] == [0]
    assert outcome.status is Status.RESOURCE_EXHAUSTED


# What was done.


async def test_bytes_scanned_and_timings_add_up_with_the_merges_own(autojump_clock: MockClock) -> None:
    ended = Outcome(bytes_scanned=100, timings={"scan": 3})
    outcome = await hosts(source(lines(1), outcome=ended), source(lines(2), outcome=ended)).pump(OLDEST, Reader())
    assert outcome.bytes_scanned == 200
    assert outcome.timings["scan"] == 6
    assert outcome.timings.keys() == {"scan", "merge"}


async def test_bytes_scanned_are_known_of_sources_that_were_stopped(autojump_clock: MockClock) -> None:
    both = [source(lines(1, scanned=10), lines(2, scanned=10), lines(3), NEVER) for _ in range(2)]
    outcome = await hosts(*both).pump(changed(OLDEST, n=1), Reader())
    assert outcome.bytes_scanned >= 20


async def test_bytes_that_batches_told_of_are_not_counted_again_at_the_end(autojump_clock: MockClock) -> None:
    ended = Outcome(bytes_scanned=12)
    outcome = await hosts(source(lines(1, scanned=10), outcome=ended), source(lines(2))).pump(OLDEST, Reader())
    assert outcome.bytes_scanned == 12


async def test_what_is_passed_on_tells_all_that_was_scanned_for_it_once(autojump_clock: MockClock) -> None:
    reader = Reader()
    seeking = source(*searching(3, scanned=1000), lines(2, scanned=10))
    await hosts(source(lines(1, scanned=5)), seeking).pump(OLDEST, reader)
    assert sum(batch.scanned for batch in reader.batches) == 3015


# Cancelling, and who waits for whom.


async def test_cancelling_reaches_every_source(autojump_clock: MockClock) -> None:
    many = [source(lines(1), NEVER), source(NEVER), source(lines(1), lines(2))]
    with trio.move_on_after(1):
        await hosts(*many).pump(OLDEST, Reader())
    assert all(each.cancelled for each in many)


async def test_cancelling_reaches_the_sources_while_the_reader_is_slow(autojump_clock: MockClock) -> None:
    many = [source(lines(1), lines(2)), source(lines(1), lines(3))]
    with trio.move_on_after(1):
        await hosts(*many).pump(OLDEST, Reader(delay=NEVER))
    assert all(each.cancelled for each in many)


@pytest.mark.parametrize("number", [2, 5])
async def test_no_source_is_more_than_a_batch_ahead_of_a_reader_that_waits(
    autojump_clock: MockClock, number: int
) -> None:
    many = [source(*(lines(time) for time in range(100))) for _ in range(number)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hosts(*many).pump, OLDEST, Reader(delay=NEVER))
        await wait_all_tasks_blocked()
        assert [(each.sent, each.begun) for each in many] == [(1, 2)] * number
        nursery.cancel_scope.cancel()


async def test_an_only_source_waits_for_its_reader(autojump_clock: MockClock) -> None:
    """Nothing is to be merged, so it gives its batches on itself, and none waits between."""
    alone = source(*(lines(time) for time in range(100)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hosts(alone).pump, OLDEST, Reader(delay=NEVER))
        await wait_all_tasks_blocked()
        assert (alone.sent, alone.begun) == (0, 1)
        nursery.cancel_scope.cancel()


async def test_an_only_source_is_not_left_behind_while_its_reader_is_slow(autojump_clock: MockClock) -> None:
    reader = Reader(delay=1000)
    outcome = await hosts(source(lines(1), SIGN_OF_LIFE, lines(2))).pump(OLDEST, reader)
    assert outcome.complete
    assert outcome.lines == 2


async def test_an_only_source_is_left_behind_once_its_reader_waits_for_it(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    outcome = await hosts(source(lines(1), NEVER)).pump(OLDEST, Reader(delay=1000))
    assert outcome.status is Status.UNAVAILABLE
    assert outcome.lines == 1
    assert 1000 < trio.current_time() - began < 1100


async def test_a_sign_of_life_does_not_wait_for_the_reader(autojump_clock: MockClock) -> None:
    seeking = source(lines(1), SIGN_OF_LIFE, SIGN_OF_LIFE, SIGN_OF_LIFE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hosts(seeking, source(lines(2))).pump, OLDEST, Reader(delay=NEVER))
        await wait_all_tasks_blocked()
        assert seeking.sent == 4
        nursery.cancel_scope.cancel()


async def test_signs_of_life_do_not_pile_up_before_a_slow_reader(autojump_clock: MockClock) -> None:
    reader = Reader(delay=100)
    await hosts(source(lines(9)), source(*searching(1000, every=1.0))).pump(changed(OLDEST, timeout=500.0), reader)
    assert reader.signs_of_life <= 5


async def test_what_hundreds_of_sources_have_ready_goes_on_in_pieces(autojump_clock: MockClock) -> None:
    line = b"x" * 100_000 + b"\n"
    sources = [
        (str(number), ScriptedSource([Batch(line, 1, [number], [0], (Origin("h", "f"),))])) for number in range(40)
    ]
    out = Reader()
    outcome = await Gather(sources, PATIENCE).pump(OLDEST, out)
    assert outcome.lines == sum(batch.count for batch in out.batches) == 40
    assert max(len(batch.body) for batch in out.batches) <= LARGEST_BATCH


async def test_what_a_source_did_for_its_n_lines_is_told_though_the_answer_ends_there(
    autojump_clock: MockClock,
) -> None:
    quick = source(lines(1, 2), outcome=Outcome(lines=2, bytes_scanned=500, timings={"scan": 7}))
    outcome = await hosts(quick, source(lines(9), NEVER)).pump(changed(OLDEST, n=2), Reader())
    assert (outcome.bytes_scanned, outcome.timings["scan"]) == (500, 7)


async def test_a_source_that_does_not_end_after_its_n_lines_is_not_waited_for_long(autojump_clock: MockClock) -> None:
    started = trio.current_time()
    outcome = await hosts(source(lines(1, 2), NEVER), source(lines(9), NEVER)).pump(changed(OLDEST, n=2), Reader())
    assert outcome.complete
    assert trio.current_time() - started == pytest.approx(LAST_WORDS)


async def test_a_failure_behind_the_last_line_that_was_wanted_does_not_count(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(1, 2), outcome=AWAY), source(lines(9), NEVER)).pump(
        changed(OLDEST, n=2), Reader()
    )
    assert outcome.complete


@pytest.mark.parametrize("status", [Status.DATA_LOSS, Status.PERMISSION_DENIED, Status.UNAVAILABLE])
async def test_what_a_host_says_of_its_files_counts_if_it_sent_all_lines(
    status: Status, autojump_clock: MockClock
) -> None:
    sated, other = source(lines(1, 2), outcome=Outcome(status, "b.log: is no text")), source(lines(9), NEVER)
    outcome = await hosts(sated, other).pump(changed(OLDEST, n=2), Reader())
    assert outcome.status is (Status.OK if status is Status.UNAVAILABLE else status)


@pytest.mark.parametrize("status", [Status.DATA_LOSS, Status.PERMISSION_DENIED, Status.INTERNAL, Status.UNAVAILABLE])
async def test_what_a_host_has_said_of_its_files_counts_however_few_lines_it_sent(
    status: Status, autojump_clock: MockClock
) -> None:
    said, end = source(lines(2, 9), outcome=Outcome(status, "a.log.2.gz: is damaged")), trio.Event()
    both = hosts(source(lines(1), end, lines(3, 4)), said)

    async def let_it_end() -> None:
        await wait_all_tasks_blocked()
        end.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(let_it_end)
        outcome = await both.pump(changed(OLDEST, n=4), Reader())
    lost_after = status is Status.UNAVAILABLE
    assert outcome.status is (Status.OK if lost_after else status)
    assert statuses(outcome)["b"] is (Status.OK if lost_after else status)


async def test_signs_of_life_alone_keep_a_source_for_a_bounded_time(autojump_clock: MockClock) -> None:
    reader, idle = Reader(), source(*searching(1000))
    outcome = await hosts(source(lines(1)), idle).pump(OLDEST, reader)
    assert statuses(outcome) == {"a": Status.OK, "b": Status.UNAVAILABLE}
    assert outcome.message == ("b: read nothing for 60 s, though it said that it was alive, and was left behind")
    assert trio.current_time() == pytest.approx(IDLE * PATIENCE)
    assert reader.times == [1]


async def test_a_source_that_reads_for_long_and_finds_nothing_is_kept(autojump_clock: MockClock) -> None:
    outcome = await hosts(source(lines(1)), source(*searching(1000, scanned=1), lines(2))).pump(OLDEST, Reader())
    assert outcome.complete


async def test_a_file_that_fails_behind_the_last_line_that_was_wanted_does_not_count(autojump_clock: MockClock) -> None:
    lost = source(lines(1, 2), outcome=Outcome(Status.DATA_LOSS, "a.log: is damaged"))
    logs = Gather([("a.log", lost), ("b.log", source(lines(9), NEVER))], PATIENCE)
    assert (await logs.pump(changed(OLDEST, n=2), Reader())).complete


async def test_a_cancelled_answer_leaves_nothing_for_the_garbage_collector(autojump_clock: MockClock) -> None:
    def new_source() -> ScriptedSource:
        made = source(lines(1, 2), lines(3), NEVER)
        sources.append(weakref.ref(made))
        return made

    sources: list[weakref.ref[ScriptedSource]] = []
    gc.disable()
    try:
        with trio.move_on_after(1):
            await hosts(new_source(), new_source()).pump(OLDEST, Reader())
        assert [each() for each in sources] == [None, None]
    finally:
        gc.enable()
