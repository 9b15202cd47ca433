"""Hosts followed as one: what each is asked, what is merged, which notices come, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout import follow
from logagent.fanout.follow import Follow
from testbed.queries import changed
from testbed.sources import NEVER, Reader, ScriptedSource, Step, source

PATIENCE = 5.0
QUERY = Query.of(files=("app.log",), follow=True, patience=1.0, heartbeat=10.0)
BUG = Outcome(Status.INTERNAL, "a bug")


def at(host: str, offset: int, log: str = "app.log") -> Position:
    return Position(host, log, 1, offset)


def begins(host: str, *notices: Notice, offset: int = 0) -> Batch:
    """What a host says before its first live line."""
    return replace(SIGN_OF_LIFE, positions=(at(host, offset),), notices=notices, live=True)


def written(host: str, *times: int, log: str = "app.log", scanned: int = 0) -> Batch:
    """A line for each time, which says so; its offset is its time."""
    body = b"".join(b"%d\n" % time for time in times)
    origin = Origin(host, log, True, log, 1)
    return Batch(body, len(times), list(times), list(times), (origin,), scanned=scanned)


def told(status: Status, message: str, host: str = "a") -> Notice:
    return Notice(host, status, message)


def nothing_ended(hosts: Sequence[str]) -> Source:
    raise AssertionError("nothing is asked of what ends")


def following(*live: Source, ended: Callable[[Sequence[str]], Source] = nothing_ended) -> Follow:
    """The sources as hosts a, b, c..."""
    return Follow(list(zip("abcdefghij", live, strict=False)), ended, PATIENCE)


def host(name: str, *steps: Step, outcome: Outcome | None = None) -> ScriptedSource:
    """A host that begins and then takes its steps."""
    return source(begins(name), *steps, outcome=outcome)


# What comes out.


async def test_notes_are_told_at_once_and_in_the_end(autojump_clock: MockClock) -> None:
    reader, first, more = Reader(), Note("link", ("a",), 1), Note("link", ("a", "b"), 2)
    noting = [replace(SIGN_OF_LIFE, notes=(first,)), 1.0, replace(SIGN_OF_LIFE, notes=(more,)), written("a", 5)]
    both = following(host("a", *noting, replace(SIGN_OF_LIFE, notes=(more,))), source(begins("b")))
    outcome = await both.pump(QUERY, reader)
    told = [batch.notes for batch in reader.batches if batch.notes]
    assert told == [(replace(first, host="a"),), (replace(more, host="a"),)]
    assert outcome.notes == told[-1]
    assert outcome.complete


async def test_notes_of_earlier_lines_are_those_of_the_same_files(autojump_clock: MockClock) -> None:
    reader, note = Reader(), Note("link", ("a",), 1, "a")
    live = source(replace(begins("a"), notes=(note,)))
    outcome = await following(live, ended=lambda _: source(outcome=Outcome(notes=(note,)))).pump(
        changed(QUERY, n=3), reader
    )
    assert outcome.notes == (note,)


async def test_lines_of_hosts_come_in_the_order_of_their_times(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await following(host("a", written("a", 5), 9.0), host("b", 0.5, written("b", 4), 9.0)).pump(QUERY, reader)
    assert reader.times == [4, 5]
    assert outcome == Outcome(lines=2, hosts=(HostOutcome("a", Status.OK, "", 1), HostOutcome("b", Status.OK, "", 1)))


@pytest.mark.parametrize(
    ("files", "times"), [(("app.log",), [5, 4]), (("app.log", "db.log"), [4, 5]), (("*.log",), [4, 5])]
)
async def test_logs_of_one_host_are_merged_unless_a_single_one_is_named(
    files: tuple[str, ...], times: list[int], autojump_clock: MockClock
) -> None:
    reader = Reader()
    only = host("a", written("a", 5), 0.5, written("a", 4, log="db.log"), 9.0)
    await following(only).pump(changed(QUERY, files=files), reader)
    assert reader.times == times


async def test_lines_that_are_held_are_given_when_all_hosts_have_ended(autojump_clock: MockClock) -> None:
    reader = Reader()
    await following(host("a", written("a", 5)), host("b", written("b", 4))).pump(QUERY, reader)
    assert reader.times == [4, 5]


async def test_the_reader_learns_where_the_live_lines_begin(autojump_clock: MockClock) -> None:
    reader = Reader()
    await following(source(begins("a", offset=3), 9.0), source(begins("b", offset=4), 9.0)).pump(QUERY, reader)
    assert reader.batches[0] == replace(SIGN_OF_LIFE, positions=(at("a", 3), at("b", 4)), live=True)


async def test_heartbeats_are_counted_from_the_last_batch(autojump_clock: MockClock) -> None:
    reader = Reader()
    await following(host("a", 7.0, written("a", 1), NEVER)).pump(changed(QUERY, timeout=28.5), reader)
    assert [batch.count for batch in reader.batches] == [0, 1, 0, 0]


async def test_a_host_waits_while_too_many_bytes_are_held(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(follow, "HELD", 2)
    many = host("a", *(written("a", time) for time in range(1, 6)), NEVER)
    reader = Reader()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(following(many, host("b", NEVER)).pump, QUERY, reader)
        await wait_all_tasks_blocked()
        assert many.sent == 2  # the beginning and one line; another lies in the slot
        await trio.sleep(60)
        nursery.cancel_scope.cancel()
    assert reader.times == [1, 2, 3, 4, 5]


# Where hosts begin.


async def test_a_host_that_does_not_begin_in_time_is_named_and_joins_later(autojump_clock: MockClock) -> None:
    reader = Reader()
    late = source(7.0, begins("b"), written("b", 2), NEVER)
    outcome = await following(host("a", NEVER), late).pump(changed(QUERY, timeout=20.0), reader)
    message = "has not answered within 5 s; following without it until it does"
    back = told(Status.OK, "answers now; it is followed from here on", "b")
    assert reader.notices == [told(Status.UNAVAILABLE, message, "b"), back]
    assert reader.times == [2]
    assert {part.host: part.status for part in outcome.hosts} == {"a": Status.OK, "b": Status.OK}


async def test_a_host_that_says_it_is_unreachable_is_not_waited_for(autojump_clock: MockClock) -> None:
    reader = Reader()
    lost = told(Status.UNAVAILABLE, "cannot be reached", "b")
    down = source(replace(SIGN_OF_LIFE, notices=(lost,)), NEVER)
    started = trio.current_time()
    await following(host("a", written("a", 1), NEVER), down).pump(changed(QUERY, timeout=2.0), reader)
    assert reader.times == [1]
    assert reader.notices == [lost]
    assert trio.current_time() - started == pytest.approx(2)


async def test_a_host_whose_first_word_is_a_line_has_begun(autojump_clock: MockClock) -> None:
    reader = Reader()
    await following(source(written("a", 1), 9.0)).pump(QUERY, reader)
    assert (reader.times, reader.notices) == ([1], [])


MISSING = told(Status.NOT_FOUND, "no such file: app.log")


def without_it(name: str) -> ScriptedSource:
    notice = MISSING._replace(host=name)
    return source(replace(SIGN_OF_LIFE, notices=(notice,)), replace(SIGN_OF_LIFE, live=True), NEVER)


async def test_a_name_that_no_host_has_ends_it(autojump_clock: MockClock) -> None:
    outcome = await following(without_it("a"), without_it("b")).pump(QUERY, Reader())
    assert outcome.status is Status.NOT_FOUND
    assert [part.status for part in outcome.hosts] == [Status.NOT_FOUND] * 2


async def test_a_name_that_one_host_has_says_nothing_of_the_others(autojump_clock: MockClock) -> None:
    reader = Reader()
    await following(host("a", written("a", 1), NEVER), without_it("b")).pump(changed(QUERY, timeout=8.0), reader)
    assert (reader.times, reader.notices) == ([1], [])


async def test_a_glob_beside_a_name_that_no_host_has_is_waited_for(autojump_clock: MockClock) -> None:
    reader = Reader()
    query = changed(QUERY, files=("app.log", "db*.log"), timeout=8.0)
    outcome = await following(without_it("a"), without_it("b")).pump(query, reader)
    assert outcome.status is Status.DEADLINE_EXCEEDED
    assert reader.notices == [MISSING, MISSING._replace(host="b")]


async def test_a_host_that_the_cursor_does_not_know_is_named(autojump_clock: MockClock) -> None:
    reader = Reader()
    query = changed(QUERY, positions=(at("a", 7),))
    await following(host("a", 9.0), host("b", 9.0), ended=lambda hosts: source()).pump(query, reader)
    assert reader.notices == [told(Status.OK, "is not in the cursor; what it wrote before now is left out", "b")]


# What hosts are asked.


async def test_a_host_is_asked_for_its_own_live_lines_only(autojump_clock: MockClock) -> None:
    asked = host("a")
    query = changed(QUERY, hosts=("a", "b"), timeout=60.0, max_bytes=100)
    await following(asked, host("b")).pump(query, Reader())
    assert asked.query == changed(QUERY, own=True, times=True, places=True)


@pytest.mark.parametrize(("n", "since"), [(None, 7), (3, None)])
async def test_a_host_tells_what_was_written_since_unless_the_last_lines_come_from_here(
    n: int | None, since: int | None, autojump_clock: MockClock
) -> None:
    """Of a host that is down while the others' lines are caught up, nothing is known but the time."""
    down = host("b")
    query = changed(QUERY, since=7, n=n)
    await following(host("a"), down, ended=lambda hosts: source()).pump(query, Reader())
    assert down.query is not None
    assert (down.query.range.since, down.query.positions, down.query.limits.n) == (since, (), None)


async def test_a_host_goes_on_where_its_lines_were_caught_up_to(autojump_clock: MockClock) -> None:
    up, down = host("a"), host("b")
    caught_up = source(replace(written("a", 8, 9), positions=(at("a", 11),)))
    await following(up, down, ended=lambda hosts: caught_up).pump(changed(QUERY, since=7), Reader())
    assert up.query is not None
    assert down.query is not None
    assert (up.query.positions, down.query.positions) == ((at("a", 11),), ())


# How it ends.


async def test_the_end_of_one_hosts_follow_is_announced_once_and_the_others_go_on(autojump_clock: MockClock) -> None:
    reader = Reader()
    outcome = await following(host("a", 30.0, written("a", 1)), host("b", 1.0, outcome=BUG)).pump(QUERY, reader)
    assert reader.notices == [told(Status.INTERNAL, "a bug", "b")]
    assert reader.times == [1]
    assert (outcome.status, outcome.message) == (Status.INTERNAL, "b: a bug")
    assert outcome.hosts == (HostOutcome("a", Status.OK, "", 1), HostOutcome("b", Status.INTERNAL, "a bug", 0))


async def test_an_end_without_a_message_is_announced_too(autojump_clock: MockClock) -> None:
    reader = Reader()
    await following(host("a", 30.0), host("b", outcome=Outcome(Status.INTERNAL))).pump(QUERY, reader)
    assert reader.notices == [told(Status.INTERNAL, "ended", "b")]


async def test_the_limit_that_ended_it_comes_before_a_hosts_failure(autojump_clock: MockClock) -> None:
    reader = Reader()
    endless = host("b", 3.0, *(written("b", time) for time in range(10)), NEVER)
    outcome = await following(host("a", outcome=BUG), endless).pump(changed(QUERY, max_bytes=5), reader)
    assert reader.times == [0, 1]
    assert (outcome.status, outcome.message) == (Status.RESOURCE_EXHAUSTED, "max_bytes=5 reached")
    assert [part.status for part in outcome.hosts] == [Status.INTERNAL, Status.OK]


async def test_a_timeout_is_named_though_every_host_is_fine(autojump_clock: MockClock) -> None:
    outcome = await following(host("a", NEVER)).pump(changed(QUERY, timeout=2.5), Reader())
    assert (outcome.status, outcome.message) == (Status.DEADLINE_EXCEEDED, "timeout=2.5 s reached")


async def test_cancelling_reaches_every_host(autojump_clock: MockClock) -> None:
    both = [host("a", NEVER), source(NEVER)]
    with trio.move_on_after(20):
        await following(*both).pump(QUERY, Reader())
    assert all(each.cancelled for each in both)


async def test_bytes_scanned_are_told_with_the_next_lines(autojump_clock: MockClock) -> None:
    reader = Reader()
    quiet = replace(SIGN_OF_LIFE, scanned=100)
    outcome = await following(host("a", quiet, written("a", 1, scanned=10), 3.0), host("b", 9.0)).pump(QUERY, reader)
    assert [(batch.count, batch.scanned) for batch in reader.batches if batch.scanned] == [(1, 110)]
    assert outcome.bytes_scanned == 110
