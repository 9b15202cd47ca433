"""A shared descriptor is closed once, by whoever is the last to have to do with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from logagent.disk.files.shared_descriptor import SharedDescriptor


@pytest.fixture
def opened() -> Iterator[list[int]]:
    """What the opener has opened."""
    descriptors: list[int] = []
    yield descriptors
    assert not any(is_open(descriptor) for descriptor in descriptors)


@pytest.fixture
def opener(opened: list[int]) -> Callable[[], int]:
    def open_file() -> int:
        opened.append(os.memfd_create("log"))
        return opened[-1]

    return open_file


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_it_is_opened_once_and_stays_open_between_uses(opener: Callable[[], int], opened: list[int]) -> None:
    shared = SharedDescriptor(opener)
    assert opened == []
    for _ in range(2):
        with shared.use() as descriptor:
            assert opened == [descriptor]
    assert is_open(descriptor)
    shared.give_up()


def test_given_up_between_uses_it_is_closed_at_once(opener: Callable[[], int], opened: list[int]) -> None:
    shared = SharedDescriptor(opener)
    with shared.use():
        pass
    shared.give_up()
    assert not is_open(opened[0])
    shared.give_up()  # a second time does nothing


def test_given_up_during_a_use_it_is_closed_after_that(opener: Callable[[], int]) -> None:
    shared = SharedDescriptor(opener)
    with shared.use() as descriptor:
        shared.give_up()
        assert is_open(descriptor)
    assert not is_open(descriptor)


def test_given_up_while_it_is_being_opened_it_is_closed_after_that(
    opener: Callable[[], int], opened: list[int]
) -> None:
    def open_late() -> int:
        shared.give_up()
        return opener()

    shared = SharedDescriptor(open_late)
    with shared.use() as descriptor:
        assert is_open(descriptor)
    assert not is_open(opened[0])


def test_given_up_before_its_use_it_is_never_opened(opener: Callable[[], int], opened: list[int]) -> None:
    shared = SharedDescriptor(opener)
    shared.give_up()
    with pytest.raises(ValueError, match="given up"), shared.use():
        pass
    assert opened == []
