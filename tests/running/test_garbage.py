"""What the garbage collector of an agent looks through: not what stays, but all that comes and goes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from logagent.running.garbage import GROWN, collect_at_rest, leave_alone_what_stays


class Circle:
    """Holds itself."""

    def __init__(self) -> None:
        self.whole = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def test_what_stays_is_not_looked_through() -> None:
    leave_alone_what_stays()
    assert gc.get_freeze_count() > GROWN
    assert len(gc.get_objects()) < GROWN


def test_garbage_that_lies_in_a_circle_is_collected_at_rest() -> None:
    leave_alone_what_stays()
    gone = weakref.ref(Circle())
    assert gone() is not None
    collect_at_rest()
    assert gone() is None
    assert gc.get_freeze_count() > GROWN


def test_what_becomes_garbage_while_it_is_left_alone_is_found_by_the_next_look_through_all() -> None:
    circle = Circle()
    gone = weakref.ref(circle)
    leave_alone_what_stays()
    del circle
    collect_at_rest()
    assert gone() is not None
    leave_alone_what_stays()
    assert gone() is None


def test_modules_that_are_loaded_late_are_left_alone_from_the_next_rest_on() -> None:
    leave_alone_what_stays()
    loaded: list[object] = [[] for _ in range(GROWN)]
    collect_at_rest()
    assert len(gc.get_objects()) < len(loaded)


def test_once_all_is_looked_through_again_it_is_left_alone_from_the_next_rest_on() -> None:
    leave_alone_what_stays()
    gc.unfreeze()
    collect_at_rest()
    assert gc.get_freeze_count() > GROWN
