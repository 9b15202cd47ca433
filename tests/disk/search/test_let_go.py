"""What a search has read ahead is let go of with its end, whatever ended it: garbage would keep it for long."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from logagent.core.query import Order, Query
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.scan import Scan
from logagent.disk.search.session import Session
from testbed.reading import found, joined

LINES = [b"2026-11-30T10:00:%02dZ number %d" % (number % 60, number) for number in range(20_000)]


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[weakref.ref[Scan]]]:
    """Those that were made, while no garbage is collected."""
    made: list[weakref.ref[Scan]] = []
    begin = Scan.__init__

    def begin_noted(self: Scan, *args: Any, **others: Any) -> None:
        made.append(weakref.ref(self))
        begin(self, *args, **others)

    monkeypatch.setattr(Scan, "__init__", begin_noted)
    gc.disable()
    yield made
    gc.enable()


def session(**asked: Any) -> Session:
    options = ReadOptions(host="web0", zone=UTC, sizes=(64 * 1024,))
    again = [found("app.log", joined(LINES))]
    return Session(
        Query.of(files=("app.log",), **asked),
        "app.log",
        again,
        options,
        again=lambda: again,
        check_cancelled=lambda: None,
    )


@pytest.mark.parametrize(
    "asked", [{}, {"n": 5000}, {"keywords": (b"number 7",), "n": 3}, {"order": Order.OLDEST, "n": 9}]
)
def test_of_an_answer_that_ended(asked: dict[str, Any], scans: list[weakref.ref[Scan]]) -> None:
    ours = session(**asked)
    while not ours.ended:
        ours.next_batch()
    ours.close()
    del ours
    assert scans
    assert [scan() for scan in scans] == [None] * len(scans)


def test_of_an_answer_that_is_given_up(scans: list[weakref.ref[Scan]]) -> None:
    ours = session()
    ours.next_batch()
    assert not ours.ended
    ours.close()
    del ours
    assert scans
    assert [scan() for scan in scans] == [None] * len(scans)
