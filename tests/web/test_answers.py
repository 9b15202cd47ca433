"""The answers under way: counted, bounded, and cut."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from logagent.core.wire.parameters import parse
from logagent.web.answers import Answers

FOLLOW = "filename=app.log&follow=true"
QUERY = parse(b"filename=app.log", 0)
FOLLOWED = parse(FOLLOW.encode(), 0)


@pytest.mark.parametrize(("own", "meant"), [("", (None, None)), ("&timeout=9&max_bytes=8", (9.0, 8))])
def test_ceilings_are_those_of_answers_that_end(own: str, meant: tuple[float | None, int | None]) -> None:
    query = Answers("web0", 1, max_time=5, max_bytes=5).bounded(parse((FOLLOW + own).encode(), 0))
    assert (query.limits.timeout, query.limits.max_bytes) == meant


def test_answers_and_follows_are_counted_while_they_are_under_way() -> None:
    answers = Answers("web0", 1, most_follows=1)
    with answers.one_more(QUERY):
        assert (answers.under_way, answers.follows) == (1, 0)
        assert (answers.full(QUERY), answers.full(FOLLOWED)) == (True, False)
        with answers.one_more(FOLLOWED):
            assert (answers.under_way, answers.follows) == (1, 1)
            assert answers.full(FOLLOWED)
    assert (answers.under_way, answers.follows) == (0, 0)


async def test_follows_are_cut_alone_and_answers_with_them() -> None:
    answers = Answers("web0", 2)
    with answers.one_more(QUERY) as answer, answers.one_more(FOLLOWED) as follow:
        answers.cut_follows()
        assert (answer.cutting.cancel_called, follow.cutting.cancel_called) == (False, True)
        answers.cut()
        assert answer.cutting.cancel_called


async def test_rest_comes_some_seconds_after_the_last_answer(autojump_clock: MockClock) -> None:
    answers, rested = Answers("web0", 2), list[float]()

    async def note_rests() -> None:
        while True:
            await answers.rest(2)
            rested.append(trio.current_time() - began)

    async with trio.open_nursery() as nursery:
        began = trio.current_time()
        nursery.start_soon(note_rests)
        await trio.sleep(10)
        assert rested == []  # nobody has asked yet
        with answers.one_more(QUERY):
            pass
        await trio.sleep(1)
        with answers.one_more(QUERY):
            await trio.sleep(9)
        await trio.sleep(10)
        assert rested == [22]
        with answers.one_more(FOLLOWED):
            await trio.sleep(10)
        await trio.sleep(10)
        assert rested == [22, 42]
        nursery.cancel_scope.cancel()


async def test_a_follow_under_way_is_rest(autojump_clock: MockClock) -> None:
    answers = Answers("web0", 2)
    with answers.one_more(FOLLOWED):
        with answers.one_more(QUERY):
            pass
        with trio.fail_after(3):
            await answers.rest(2)
