"""The newest lines of very many logs are those of all logs merged, though few are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.batch import Batch, Origin
from logagent.core.notes import NoteKind
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query, Source, Unit
from logagent.fanout.gather import Gather
from logagent.fanout.narrowed import FIRST, MOST_LINES, NARROWED_FROM, Narrowed, may_be_narrowed
from testbed.queries import changed
from testbed.sources import Reader, ScriptedSource, source


def lines(log: int, times: Sequence[int]) -> Batch:
    """The lines of a log, newest first; each says when it was written, and in which log."""
    body = b"".join(b"%d of %d\n" % (time, log) for time in times)
    origins = (Origin("h", f"{log}.log", fingerprint=1 << 32),)
    return Batch(body, len(times), list(times), list(range(len(times))), origins)


class Logs:
    """Logs in memory: what is known of each, what is found out by looking into it, and which were read."""

    def __init__(self, texts: Sequence[Sequence[int]], later: Sequence[int], outcome: Outcome | None = None) -> None:
        self.texts = texts
        self.later = later
        self.outcome = outcome
        self.read: set[int] = set()

    def merged(self, numbers: Sequence[int]) -> Source:
        self.read |= set(numbers)
        sources: list[tuple[str, Source]] = [(f"{number}.log", self._source(number)) for number in numbers]
        return Gather(sources, 5.0)

    def _source(self, number: int) -> ScriptedSource:
        text = self.texts[number]
        return source(*([lines(number, text)] if text else []), outcome=self.outcome)

    def latest(self, numbers: Sequence[int]) -> list[int]:
        return [max(self.texts[number], default=0) for number in numbers]

    def narrowed(self) -> Narrowed:
        async def looked_into(numbers: Sequence[int]) -> list[int]:
            return self.latest(numbers)

        known = [time + later for time, later in zip(self.latest(range(len(self.texts))), self.later, strict=True)]
        return Narrowed(known, self.merged, looked_into)


def newest(n: int) -> Query:
    return Query.of(files=("*",), n=n)


async def answer(of: Source, query: Query) -> tuple[list[bytes], Outcome]:
    reader = Reader()
    outcome = await of.pump(query, reader)
    return [line for batch in reader.batches for line in batch.lines()], outcome


TEXTS = st.lists(st.lists(st.integers(1, 30), max_size=4), min_size=1, max_size=12)


@given(TEXTS, st.lists(st.integers(0, 9), min_size=12, max_size=12), st.integers(1, 9), st.integers(1, 4))
@settings(max_examples=50)
def test_the_lines_are_those_of_all_logs_merged(texts: list[list[int]], later: list[int], n: int, first: int) -> None:
    async def both() -> None:
        logs = Logs(texts, later[: len(texts)])
        expected, whole = await answer(logs.merged(range(len(texts))), newest(n))
        found, outcome = await answer(replace(logs.narrowed(), first=first), newest(n))
        assert found == expected
        assert outcome.status == whole.status

    trio.run(both, clock=MockClock(autojump_threshold=0))


async def test_logs_that_are_too_old_are_not_read_and_the_answer_says_that_nothing_goes_on(
    autojump_clock: MockClock,
) -> None:
    logs = Logs([[time, time - 1] for time in range(1000, 1300)], [1] * 300)
    found, outcome = await answer(logs.narrowed(), newest(3))
    assert found == [b"1299 of 299", b"1298 of 298", b"1298 of 299"]
    assert len(logs.read) == FIRST
    assert [(note.kind, note.count) for note in outcome.notes] == [(NoteKind.CURSOR, 300)]


async def test_where_too_few_lines_are_found_or_a_log_fails_all_are_read(autojump_clock: MockClock) -> None:
    for outcome in (None, Outcome(Status.DATA_LOSS, "damaged")):
        logs = Logs([[time] for time in range(1, 101)], [0] * 100, outcome)
        n = 70 if outcome is None else 3
        assert (await answer(logs.narrowed(), newest(n)))[0] == (await answer(logs.merged(range(100)), newest(n)))[0]
        assert len(logs.read) == 100


async def test_lines_that_are_too_large_to_be_held_are_sent_from_all(autojump_clock: MockClock) -> None:
    logs = Logs([[time] for time in range(1, 101)], [0] * 100)
    found, outcome = await answer(replace(logs.narrowed(), most_bytes=10), newest(9))
    assert (len(found), outcome.notes) == (9, ())
    assert len(logs.read) == 100


def test_what_asks_for_more_than_the_newest_lines_is_not_narrowed() -> None:
    many = NARROWED_FROM + 1
    assert may_be_narrowed(newest(MOST_LINES), many)
    assert not may_be_narrowed(newest(1), NARROWED_FROM)
    others = [
        Query.of(files=("*",)),
        newest(MOST_LINES + 1),
        *(changed(newest(1), **options) for options in ({"order": Order.OLDEST}, {"unit": Unit.EVENT}, {"before": 1})),
        changed(newest(1), n_per_file=1),
        *(changed(newest(1), **{option: True}) for option in ("hits", "whole", "cursors")),
    ]
    assert not any(may_be_narrowed(query, many) for query in others)
