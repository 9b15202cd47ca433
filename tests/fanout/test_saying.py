"""What a merge tells its reader besides lines: progress, notes and positions, each once."""

from __future__ import annotations

from dataclasses import replace

import trio
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Position
from logagent.core.notes import Note
from logagent.fanout.saying import FEW_NOTES, NOTES_EVERY, News, Saying


class Sources:
    """What some sources would tell, and how often they were asked."""

    def __init__(self) -> None:
        self.notes: tuple[Note, ...] = ()
        self.positions: list[Position] = []
        self.looks = 0

    def told(self) -> tuple[Note, ...]:
        self.looks += 1
        return self.notes

    def saying(self) -> Saying:
        return Saying(self.told, lambda: self.positions)


def many(count: int) -> tuple[Note, ...]:
    return tuple(Note("link", ("a",), 1, f"web-{number}") for number in range(count))


async def test_progress_is_told_once(autojump_clock: MockClock) -> None:
    saying = Sources().saying()
    saying.hear(replace(SIGN_OF_LIFE, scanned=3, planned=10))
    saying.hear(replace(SIGN_OF_LIFE, scanned=4))
    assert saying.told_with(SIGN_OF_LIFE) == replace(SIGN_OF_LIFE, scanned=7, planned=10)
    assert saying.told_with(SIGN_OF_LIFE) == SIGN_OF_LIFE


async def test_notes_are_looked_at_only_where_a_source_has_some(autojump_clock: MockClock) -> None:
    sources = Sources()
    saying = sources.saying()
    saying.told_with(SIGN_OF_LIFE)
    assert sources.looks == 0
    sources.notes = many(1)
    saying.hear(replace(SIGN_OF_LIFE, notes=many(1)))
    assert saying.told_with(SIGN_OF_LIFE).notes == many(1)
    saying.hear(replace(SIGN_OF_LIFE, notes=many(1)))
    assert saying.told_with(SIGN_OF_LIFE).notes == ()


async def test_many_notes_are_told_once_a_second_and_in_any_case_in_the_end(autojump_clock: MockClock) -> None:
    sources = Sources()
    saying = sources.saying()

    def heard(count: int, *, last: bool = False) -> int:
        sources.notes = many(count)
        saying.hear(replace(SIGN_OF_LIFE, notes=many(1)))
        return len(saying.told_with(SIGN_OF_LIFE, last=last).notes)

    assert [heard(FEW_NOTES), heard(FEW_NOTES + 1), heard(FEW_NOTES + 2)] == [FEW_NOTES, FEW_NOTES + 1, 0]
    await trio.sleep(NOTES_EVERY)
    assert [heard(FEW_NOTES + 3), heard(FEW_NOTES + 4)] == [FEW_NOTES + 3, 0]
    assert heard(FEW_NOTES + 5, last=True) == FEW_NOTES + 5


async def test_positions_are_asked_for_only_after_something_moved(autojump_clock: MockClock) -> None:
    sources = Sources()
    sources.positions = [Position("h", "a.log", 1, 2)]
    saying = sources.saying()
    assert saying.told_with(SIGN_OF_LIFE).positions == ()
    saying.moved = True
    assert saying.told_with(SIGN_OF_LIFE).positions == (Position("h", "a.log", 1, 2),)
    assert saying.told_with(SIGN_OF_LIFE).positions == ()


async def test_news_say_which_source_has_something_until_that_is_taken(autojump_clock: MockClock) -> None:
    news = News()
    news.tell(3)
    news.tell(5, alive=True)
    with trio.fail_after(1):
        await news.wait()
    assert (news.take_told(), news.alive, news.take_told()) == ({3, 5}, True, set())
