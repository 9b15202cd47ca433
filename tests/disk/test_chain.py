"""The files of a followed log, as those who follow and the thread that looks see them at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from pathlib import Path

import pytest

from logagent.disk.catalog import Catalog
from logagent.disk.chain import AGAIN, HALF_TIME, QUIET, Chain
from logagent.disk.logs import Generation
from logagent.disk.ways import Ways
from testbed.tailing import append, generations


class Directory:
    """app.log and what it was before. hidden: nothing is found for now."""

    def __init__(self, root: Path) -> None:
        self.path = root / "app.log"
        self.hidden = False
        self._catalog = Catalog([root])

    def find(self) -> Sequence[Generation]:
        return () if self.hidden else generations(self._catalog)

    def write(self, text: str) -> None:
        append(self.path, text, end="")

    def rotate(self) -> None:
        self.path.rename(self.path.with_name("app.log.1"))
        self.path.touch()


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    directory = Directory(tmp_path)
    directory.write("begun\n")
    return directory


@pytest.fixture
def chain(directory: Directory) -> Iterator[Chain]:
    chain = Chain("app.log", directory.find, Ways(host="web", zone=UTC))
    chain.open()
    yield chain
    chain.close()


def look(chain: Chain, now: float, in_use: int = 0) -> None:
    chain.look(now, in_use, watched=True)


def rotate(chain: Chain, directory: Directory, now: float, in_use: int = 0) -> None:
    directory.rotate()
    chain.expect_renaming()
    look(chain, now, in_use)


def test_files_keep_their_numbers_when_older_ones_are_forgotten(chain: Chain, directory: Directory) -> None:
    for number in range(4):
        directory.write(f"of {number}\n")
        look(chain, number)
        rotate(chain, directory, number)
    known = chain.file(3)
    chain.forget(before=3)
    assert (chain.first, chain.last, chain.file(3)) == (3, 4, known)


def test_of_a_forgotten_file_there_is_nothing_to_read(chain: Chain, directory: Directory) -> None:
    """Not of whatever other file has come to stand in its place."""
    directory.write("one\n")
    look(chain, 0)
    end = chain.file(0).whole
    assert chain.read(0, end - 4) == (b"one\n", False)
    for now in range(3):
        rotate(chain, directory, now)
    chain.forget(before=3)
    assert chain.read(0, end - 4) is None


def test_the_two_newest_files_are_not_forgotten(chain: Chain, directory: Directory) -> None:
    rotate(chain, directory, 0)
    chain.forget(before=1)
    assert chain.first == 0


def test_a_forgotten_file_is_closed_at_the_next_look(chain: Chain, directory: Directory) -> None:
    for now in range(3):
        rotate(chain, directory, now)
    forgotten = chain.file(0)
    chain.forget(before=3)
    assert forgotten.descriptor is not None
    look(chain, 3, in_use=3)
    assert forgotten.descriptor is None


def test_a_moment_that_passes_after_a_look_began_is_looked_at_again(chain: Chain, directory: Directory) -> None:
    """Else who follows would not learn that an older file is quiet by now."""
    directory.write("old\n")
    look(chain, 1.0)
    directory.rotate()
    directory.write("new\n")
    chain.expect_renaming()
    look(chain, 1.05)
    due = chain.file(0).grew + QUIET
    assert (chain.next_look(1.05), chain.next_look(due)) == (due, float("inf"))
    assert not chain.is_done(0, due - 0.01)
    assert chain.is_done(0, due)


def test_half_a_line_is_looked_at_until_it_is_given(chain: Chain, directory: Directory) -> None:
    directory.write("half")
    look(chain, 1.0)
    assert chain.next_look(1.0) == 1.0 + HALF_TIME
    look(chain, 1.0 + HALF_TIME)
    assert chain.file(0).half == 0
    assert chain.next_look(1.0 + HALF_TIME) == float("inf")


def test_what_took_the_place_but_could_not_be_opened_is_sought_again(chain: Chain, directory: Directory) -> None:
    directory.hidden = True
    rotate(chain, directory, 1.0)
    assert (chain.last, chain.next_look(1.0)) == (0, 1.0 + AGAIN)
    directory.hidden = False
    look(chain, 1.0 + AGAIN)
    assert chain.last == 1
