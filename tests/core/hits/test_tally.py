"""The tally: an outcome tells of lines that were counted, not of counts that were sent."""

from __future__ import annotations

from logagent.core.batch import SIGN_OF_LIFE, Batch, Out
from logagent.core.hits.steps import MAX_BUCKETS
from logagent.core.hits.tally import Tallied
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.core.units import SECOND
from testbed.counts import counts

AWAY = HostOutcome("db-2", Status.UNAVAILABLE, "cannot connect")


class Sends:
    """A source of these batches."""

    def __init__(self, *batches: Batch) -> None:
        self._batches = batches

    async def pump(self, query: Query, out: Out) -> Outcome:
        for batch in self._batches:
            await out.send(batch)
        count = sum(batch.count for batch in self._batches)
        parts = (AWAY, HostOutcome("web-1", Status.OK, "", count))
        return Outcome(Status.UNAVAILABLE, "db-2: cannot connect", count, hosts=parts)


class Kept:
    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def send(self, batch: Batch) -> None:
        self.batches.append(batch)


async def tallied(*batches: Batch, step: int | None = None) -> tuple[Outcome, list[Batch]]:
    kept = Kept()
    outcome = await Tallied(Sends(*batches)).pump(Query.of(files=("f",), hits=True, step=step), kept)
    return outcome, kept.batches


async def test_lines_are_told_in_all_and_of_each_host() -> None:
    sent = [counts((0, 7), (60, 10)), SIGN_OF_LIFE, counts((0, 3), host="web-2")]
    outcome, passed = await tallied(*sent)
    assert passed == sent
    assert outcome.lines == 20
    assert outcome.hosts == (AWAY, HostOutcome("web-1", Status.OK, "", 17))
    assert (outcome.status, outcome.message) == (Status.UNAVAILABLE, "db-2: cannot connect")


async def test_more_buckets_than_may_be_are_not_passed_on_and_the_answer_fails() -> None:
    most = [(number * SECOND, 1) for number in range(MAX_BUCKETS)]
    beyond = counts((MAX_BUCKETS * SECOND, 1), step=SECOND)
    outcome, passed = await tallied(counts(*most, step=SECOND), beyond, step=SECOND)
    assert [batch.count for batch in passed] == [MAX_BUCKETS, 0]
    assert (outcome.status, outcome.lines) == (Status.RESOURCE_EXHAUSTED, MAX_BUCKETS)
    assert outcome.message == "step=1s makes more than 10000 buckets; step=5m would do"


async def test_a_step_that_was_not_asked_for_has_no_such_limit() -> None:
    rows = [(number * SECOND, 1) for number in range(MAX_BUCKETS + 1)]
    outcome, _ = await tallied(counts(*rows, step=SECOND))
    assert outcome.lines == MAX_BUCKETS + 1
