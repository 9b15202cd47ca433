"""What is said of the logs that an answer does not read: as late, and as seldom, as it may be true."""

from __future__ import annotations

from dataclasses import replace

from logagent.core.batch import Batch
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.fanout.unread import Unread, UnreadGuard
from testbed.reading import Collected

FAILURE = Failure(Status.RESOURCE_EXHAUSTED, "7 files match")
DONE = Outcome(lines=4)
LINES = Batch(b"a\nb\nc\nd\n", 4, [9, 8, 5, 4])


class Watched:
    """A guard over unread logs, and how often these were looked into."""

    def __init__(self, *, latest: int, really: int | None = None, least: int = 0, **asked: int) -> None:
        self.looked = 0
        self.out = Collected()
        self._really = latest if really is None else really
        query = Query.of(files=("*",), **asked)
        self.guard = UnreadGuard(query, self.out, Unread(FAILURE, 7, latest, least, self._look))

    async def _look(self) -> int:
        self.looked += 1
        return self._really

    async def run(self, *batches: Batch, outcome: Outcome = DONE) -> Outcome:
        await self.guard.begin()
        for batch in batches:
            await self.guard.send(batch)
        return self.guard.judged(outcome)

    @property
    def told(self) -> list[tuple[bytes, bool]]:
        """The bodies that were sent, and whether each came with a note."""
        return [(batch.body, bool(batch.notes)) for batch in self.out.batches]


async def test_a_batch_is_cut_where_lines_of_unread_logs_may_begin() -> None:
    it = Watched(latest=6, n=4)
    assert (await it.run(LINES)).message == "7 files match"
    assert it.told == [(b"a\nb\n", False), (b"c\nd\n", True)]


async def test_lines_that_are_all_later_are_complete_without_a_look() -> None:
    it = Watched(latest=3, n=4)
    assert (await it.run(LINES)).complete
    assert (it.told, it.looked) == ([(LINES.body, False)], 0)


async def test_unread_logs_are_looked_into_once_and_only_where_that_may_decide() -> None:
    it = Watched(latest=20, really=3, n=4)
    assert (await it.run(replace(LINES, count=2, body=b"a\nb\n", times=[9, 8]), LINES)).complete
    assert it.looked == 1
    it = Watched(latest=20, really=3, least=10, n=4)
    assert not (await it.run(LINES)).complete
    assert it.looked == 0


async def test_fewer_lines_than_wanted_are_not_all() -> None:
    assert not (await Watched(latest=3, n=5).run(LINES)).complete


async def test_a_range_of_time_that_unread_logs_do_not_reach_is_complete() -> None:
    assert (await Watched(latest=3, since=4).run(LINES)).complete
    assert (await Watched(latest=9, really=3, since=4).run(LINES)).complete
    assert not (await Watched(latest=4, since=4).run(LINES)).complete


async def test_without_n_the_first_batch_says_that_logs_are_unread() -> None:
    it = Watched(latest=0)
    assert not (await it.run(LINES, LINES)).complete
    assert it.told == [(LINES.body, True), (LINES.body, False)]


async def test_another_failure_keeps_its_status_and_is_named_too() -> None:
    failed = Outcome(Status.UNAVAILABLE, "input/output error: a.log")
    outcome = await Watched(latest=0).run(outcome=failed)
    assert (outcome.status, outcome.message) == (Status.UNAVAILABLE, "7 files match; input/output error: a.log")


async def test_times_that_nobody_asked_for_are_left_out() -> None:
    it = Watched(latest=0, n=4)
    assert it.guard.question.form.times
    await it.run(LINES)
    assert it.out.batches[0].times is None
