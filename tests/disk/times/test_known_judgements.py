"""Judgements are remembered as long as they hold."""

from __future__ import annotations

from dataclasses import replace

from logagent.core.times.judgement import SETTLED, Distrust, Judgement, Omitted
from logagent.core.units import DAY
from logagent.disk.times.known_judgements import KnownJudgements

INODE = (1, 7)
SETTLED_ONE = Judgement(lines=SETTLED, timed=SETTLED)
YOUNG = Judgement(lines=1, timed=1)


def known(judgement: Judgement) -> KnownJudgements:
    cache = KnownJudgements(most=2)
    cache.put(INODE, 5, 100, 1000, judgement)
    return cache


def test_an_unchanged_file_is_known() -> None:
    assert known(YOUNG).get(INODE, 5, 100, 1000) is YOUNG


def test_another_file_is_not() -> None:
    cache = known(SETTLED_ONE)
    assert cache.get((1, 8), 5, 100, 1000) is None
    assert cache.get(INODE, 6, 100, 1000) is None
    assert cache.get(INODE, 5, 99, 1000) is None


def test_a_file_that_grows_is_known_once_its_judgement_is_settled() -> None:
    assert known(YOUNG).get(INODE, 5, 101, 1001) is None
    assert known(SETTLED_ONE).get(INODE, 5, 101, 1001) == SETTLED_ONE
    assert known(Judgement(distrust=Distrust.FAR, lines=SETTLED)).get(INODE, 5, 101, 1001) is None


def test_turns_of_the_year_are_known_for_a_day_of_growth_and_those_of_the_day_only_for_the_same_file() -> None:
    by_year = Judgement(lines=SETTLED, timed=SETTLED, omitted=Omitted.YEAR, turns=(7,))
    by_day = Judgement(lines=SETTLED, timed=SETTLED, omitted=Omitted.DAY, turns=(7,))
    assert known(by_year).get(INODE, 5, 101, 1001) is by_year
    assert known(by_year).get(INODE, 5, 101, 1000 + DAY) == replace(by_year, turns=None)
    assert known(by_day).get(INODE, 5, 100, 1000) is by_day
    assert known(by_day).get(INODE, 5, 101, 1001) == replace(by_day, turns=None)


def test_not_more_are_remembered_than_may_be() -> None:
    cache = known(YOUNG)
    cache.put((1, 8), 5, 100, 1000, YOUNG)
    cache.put((1, 9), 5, 100, 1000, YOUNG)
    assert cache.get(INODE, 5, 100, 1000) is None
    assert cache.get((1, 9), 5, 100, 1000) is YOUNG
