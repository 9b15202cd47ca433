"""One host of a follow: where it begins, how it stands with it, and its part of the outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Position
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.fanout.followed_host import FollowedHost
from testbed.sources import NEVER, lines, source

QUERY = Query.of(files=("app.log",), follow=True)
HERE = Position("web-2", "app.log", 1, 4)
LOST = Notice("web-2", Status.UNAVAILABLE, "lost")
LOSS = Notice("web-2", Status.DATA_LOSS, "7 bytes are gone")


def a_host(*steps: Batch) -> FollowedHost:
    return FollowedHost("web-2", source(*steps, NEVER), lambda: None)


@pytest.mark.parametrize(
    ("said", "begun", "anchors", "slot_is_free"),
    [
        (replace(SIGN_OF_LIFE, positions=(HERE,), live=True), True, (HERE,), True),
        (replace(SIGN_OF_LIFE, positions=(HERE,)), False, (HERE,), True),
        (replace(SIGN_OF_LIFE, notices=(LOST,)), True, (), True),
        (replace(SIGN_OF_LIFE, notices=(LOSS,)), False, (), True),
        (lines(1), True, (), False),
    ],
)
async def test_a_host_has_begun_once_it_is_live_or_cannot_be_reached_or_has_sent_a_line(
    said: Batch, begun: bool, anchors: tuple[Position, ...], slot_is_free: bool, autojump_clock: MockClock
) -> None:
    host = a_host(said)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, QUERY)
        await wait_all_tasks_blocked()
        assert host.hear_beginning() == list(said.notices)
        assert (host.begun, host.anchors, host.slot is None) == (begun, anchors, slot_is_free)
        nursery.cancel_scope.cancel()


async def test_nothing_is_taken_of_a_host_that_has_begun(autojump_clock: MockClock) -> None:
    host = a_host(replace(SIGN_OF_LIFE, live=True), replace(SIGN_OF_LIFE, positions=(HERE,)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, QUERY)
        for _ in range(2):
            await wait_all_tasks_blocked()
            host.hear_beginning()
        assert (host.anchors, host.slot) == ((), replace(SIGN_OF_LIFE, positions=(HERE,)))
        nursery.cancel_scope.cancel()


async def test_bare_signs_of_life_fill_no_slot(autojump_clock: MockClock) -> None:
    host = a_host(SIGN_OF_LIFE, SIGN_OF_LIFE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, QUERY)
        await wait_all_tasks_blocked()
        assert host.slot is None
        assert host.hear_beginning() == []
        nursery.cancel_scope.cancel()


def share_after(*notices: Notice, outcome: Outcome | None = None) -> tuple[Status, str]:
    host = a_host()
    for notice in notices:
        host.note(notice)
    host.outcome, host.given = outcome, 3
    share = host.share()
    [part] = share.hosts
    assert part == HostOutcome("web-2", share.status, share.message.removeprefix("web-2: "), 3)
    return share.status, share.message


async def test_its_part_names_what_matters_most(autojump_clock: MockClock) -> None:
    back, bug = Notice("web-2", Status.OK, "back after 2.0 s"), Outcome(Status.INTERNAL, "a bug")
    assert share_after() == (Status.OK, "")
    assert share_after(LOST) == (Status.UNAVAILABLE, "web-2: lost")
    assert share_after(LOST, back) == (Status.OK, "")
    assert share_after(LOSS, LOSS._replace(message="8 bytes"), LOST) == (Status.DATA_LOSS, "web-2: 7 bytes are gone")
    assert share_after(LOSS, LOST, outcome=bug) == (Status.INTERNAL, "web-2: a bug")
    assert share_after(LOSS, outcome=Outcome()) == (Status.DATA_LOSS, "web-2: 7 bytes are gone")


async def test_a_notice_carries_the_name_that_the_host_has_here(autojump_clock: MockClock) -> None:
    assert a_host().note(LOST._replace(host="far")) == LOST


async def test_its_end_is_news_once(autojump_clock: MockClock) -> None:
    host = a_host()
    assert host.note_end() is None
    host.outcome = Outcome(Status.INTERNAL, "a bug")
    assert host.note_end() == Notice("web-2", Status.INTERNAL, "a bug")
    assert host.note_end() is None


async def test_an_end_that_was_told_before_is_no_news(autojump_clock: MockClock) -> None:
    host = a_host()
    host.note(LOST)
    host.outcome = Outcome(Status.UNAVAILABLE, "away for an hour")
    assert host.note_end() is None


async def test_a_host_is_over_once_its_last_batch_is_taken(autojump_clock: MockClock) -> None:
    host = FollowedHost("web-2", source(lines(1)), lambda: None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, QUERY)
        await wait_all_tasks_blocked()
        assert not host.is_over
        host.take()
    assert host.is_over


def test_logs_that_are_too_many_to_follow_are_in_the_hosts_part() -> None:
    host = a_host()
    host.note(Notice("web-1", Status.RESOURCE_EXHAUSTED, "501 files match"))
    assert host.share().status is Status.RESOURCE_EXHAUSTED
