"""Streams answered as they come: the follow of a copy begins before it is filled, and ends where the stream ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.batch import Batch, Out, Position
from logagent.core.notes import Note
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import FollowOptions, Query
from logagent.disk.threads import DiskThreads
from logagent.flowing import HEARTBEAT, Flow
from testbed.sources import Reader

QUERY = Query.of(files=("-",), follow=FollowOptions(patience=0.0))


@dataclass
class Pieces:
    """In place of a stream: so many pieces of ten bytes, then its end, or why it cannot be read on."""

    left: int
    failure: Failure | None = None
    name: str = "-"
    size: int = 0
    ended: list[bool] = field(default_factory=list)

    def read_on(self) -> bool:
        if not self.left and self.failure is not None:
            raise self.failure
        self.left -= 1
        self.size += 10 if self.left >= 0 else 0
        return self.left >= 0

    def end_line(self) -> None:
        self.ended.append(True)


@dataclass
class Following:
    """In place of the follow of a copy: a line for each piece that was copied, by as much as it has grown."""

    stream: Pieces
    heartbeats: list[float] = field(default_factory=list)

    async def pump(self, query: Query, out: Out) -> Outcome:
        assert query.follow is not None
        self.heartbeats.append(query.follow.heartbeat)
        assert self.stream.size == 0, "nothing is copied before the follow has begun"
        await out.send(Batch(b"", 0, live=True))
        sent = 0
        while True:
            await trio.sleep(query.follow.heartbeat)
            lines = (self.stream.size - sent) // 10
            sent = self.stream.size
            at = (Position("here", "-", 1, sent),)
            note = (Note("unreadable", ("x",), 1),) if lines else ()
            await out.send(Batch(b"x\n" * lines, lines, scanned=10 * lines, positions=at, notes=note))


def flow(stream: Pieces, *, ends: bool = True) -> tuple[Flow, Following]:
    follow = Following(stream)
    return Flow(follow, [stream], DiskThreads(inline=True), ends=ends), follow  # type: ignore[list-item]


async def test_an_answer_ends_with_its_stream_once_all_lines_are_sent(autojump_clock: MockClock) -> None:
    stream, reader = Pieces(3), Reader()
    source, follow = flow(stream)
    outcome = await source.pump(QUERY, reader)
    assert sum(batch.count for batch in reader.batches) == 3
    assert (outcome.status, outcome.lines, outcome.bytes_scanned) == (Status.OK, 3, 30)
    assert [part.host for part in outcome.hosts] == ["here"]
    assert outcome.notes == (Note("unreadable", ("x",), 1),)
    assert (follow.heartbeats, stream.ended) == ([HEARTBEAT], [True])


async def test_a_stream_that_breaks_off_gives_its_lines_and_says_why(autojump_clock: MockClock) -> None:
    reader = Reader()
    source, _ = flow(Pieces(2, Failure(Status.DATA_LOSS, "standard input: broken")))
    outcome = await source.pump(QUERY, reader)
    assert (outcome.status, outcome.message, outcome.lines) == (Status.DATA_LOSS, "standard input: broken", 2)


async def test_an_empty_stream_is_an_answer_without_lines(autojump_clock: MockClock) -> None:
    outcome = await flow(Pieces(0))[0].pump(QUERY, Reader())
    assert (outcome.status, outcome.lines) == (Status.OK, 0)


async def test_where_files_are_followed_too_the_end_of_a_stream_ends_nothing(autojump_clock: MockClock) -> None:
    reader = Reader()
    with trio.move_on_after(60) as scope:
        await flow(Pieces(1), ends=False)[0].pump(QUERY, reader)
    await wait_all_tasks_blocked()
    assert scope.cancelled_caught
    assert sum(batch.count for batch in reader.batches) == 1
