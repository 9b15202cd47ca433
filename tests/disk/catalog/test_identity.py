"""Files are recognised by inode and fingerprint, whatever happens to their names."""

from __future__ import annotations

import gzip
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from logagent.core.cursor import FINGERPRINT_BYTES, fingerprint
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog import identity
from logagent.disk.catalog.logs import Generation
from testbed.reading import file_of

FIRST, SECOND, THIRD = b"first line\n", b"second line\n" * 10, b"third line\n"


def file(name: str, content: bytes = FIRST, inode: int | None = 1) -> Generation:
    """A file in memory."""

    def open_file() -> int:
        descriptor = os.memfd_create(name)
        os.write(descriptor, content)
        return descriptor

    return Generation(name, name, len(content), 0, open_file, identity=None if inode is None else (1, inode))


def unopenable(name: str, error: Exception) -> Generation:
    def fail() -> int:
        raise error

    return Generation(name, name, 10, 0, fail, identity=(1, 99))


UNOPENABLE = [
    unopenable("app.log.3", Failure(Status.PERMISSION_DENIED, "permission denied: app.log.3")),
    unopenable("app.log.4", OSError("unknown")),
]


def names(files: Sequence[Generation] | None) -> list[str] | None:
    return None if files is None else [each.name for each in files]


def in_turn(*listings: list[Generation]) -> Callable[[], list[Generation]]:
    """What gives these listings one after the other, the last for ever."""
    left = list(listings)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def ever_changing() -> Callable[[], list[Generation]]:
    numbers = itertools.count()
    return lambda: [file(f"app.log.{next(numbers)}")]


def test_a_listing_counts_once_it_is_twice_the_same() -> None:
    one, two = [file("app.log", inode=1)], [file("app.log", inode=2), file("app.log.1", inode=1)]
    assert identity.settled(in_turn(one, two, two)) == two
    assert identity.settled(in_turn(one)) == one


def test_a_file_under_two_names_is_listed_once_by_its_first() -> None:
    twice = [file("app.log", inode=2), file("app.log.1", inode=1), file("app.log.2", inode=1)]
    assert names(identity.settled(in_turn(twice))) == ["app.log", "app.log.1"]
    assert names(identity.once([file("a", inode=None), file("b", inode=None)])) == ["a", "b"]


def test_files_that_never_stand_still_have_no_settled_listing_but_a_last_one() -> None:
    assert identity.settled(ever_changing()) is None
    assert names(identity.listed(ever_changing())) == [f"app.log.{identity.LISTINGS + 1}"]


def test_settled_files_are_not_listed_again() -> None:
    listings = []

    def find() -> list[Generation]:
        listings.append(None)
        return [file("app.log")]

    assert names(identity.listed(find)) == ["app.log"]
    assert len(listings) == 2


def test_listings_are_the_same_by_names_and_inodes() -> None:
    files = [file("app.log", inode=2), file("app.log.1", inode=1)]
    assert identity.are_same(files, [file("app.log", b"grown", inode=2), file("app.log.1", inode=1)])
    assert not identity.are_same(files, [file("app.log", inode=3), file("app.log.1", inode=1)])
    assert not identity.are_same(files, [file("app.log", inode=2), file("app.log.2", inode=1)])
    assert not identity.are_same(files, files[:1])


def test_a_file_is_found_by_its_fingerprint_compressed_or_not_and_past_what_cannot_be_opened() -> None:
    files = [file("app.log", THIRD), *UNOPENABLE, file("app.log.1.gz", gzip.compress(SECOND)), file("app.log.2", FIRST)]
    assert identity.place_of(files, fingerprint(SECOND[:FINGERPRINT_BYTES])) == 3
    assert identity.place_of(files, fingerprint(FIRST)) == 4
    assert identity.place_of(files, fingerprint(b"another line\n")) is None


def test_a_file_that_is_renamed_after_it_was_listed_is_searched_for_in_another_listing() -> None:
    before, after = [file("app.log", THIRD, None)], [file("app.log", THIRD, None), file("app.log.1", SECOND, None)]
    place, files = identity.search(before, fingerprint(SECOND[:FINGERPRINT_BYTES]), in_turn(after))
    assert (place, names(files)) == (1, ["app.log", "app.log.1"])


def test_a_file_whose_name_belongs_to_another_by_now_is_not_taken_for_it() -> None:
    """In the listing it is another's name, beside which the wrong files stand."""
    before, after = [file("app.log", FIRST, 1)], [file("app.log", THIRD, None), file("app.log.1", FIRST, None)]
    place, files = identity.search(before, fingerprint(FIRST), in_turn(after))
    assert (place, names(files)) == (1, ["app.log", "app.log.1"])


def test_a_file_that_is_gone_is_searched_for_until_nothing_is_renamed() -> None:
    one, two = [file("app.log", FIRST, None)], [file("app.log.1", FIRST, None)]
    place, files = identity.search(one, fingerprint(THIRD), in_turn(two))
    assert (place, names(files)) == (None, ["app.log.1"])
    assert identity.search(one, fingerprint(THIRD), list)[0] is None
    assert identity.search(one, fingerprint(THIRD), ever_changing())[0] is None


def test_what_cannot_be_opened_begins_with_nothing() -> None:
    assert [identity.beginning_of(each) for each in UNOPENABLE] == [b"", b""]


def test_no_descriptor_stays_open() -> None:
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(3):
        identity.beginning_of(file("app.log"))
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


def test_the_inode_decides_where_the_fingerprint_agrees_or_is_not_known() -> None:
    files = [file("app.log", THIRD, inode=3), file("app.log.1", FIRST, inode=2), file("app.log.2", FIRST, inode=1)]
    assert identity.place_of_inode(files, (1, 1), fingerprint(FIRST)) == 2
    assert identity.place_of_inode(files, (1, 1), 0) == 2


def test_an_inode_that_is_another_files_by_now_does_not_count() -> None:
    files = [file("app.log", THIRD, inode=1), file("app.log.1.gz", gzip.compress(FIRST), inode=2)]
    assert identity.place_of_inode(files, (1, 1), fingerprint(FIRST)) == 1
    assert identity.place_of_inode(files, (1, 9), fingerprint(FIRST)) == 1
    assert identity.place_of_inode(files, (1, 1), fingerprint(SECOND)) is None
    assert identity.place_of_inode(files, (1, 9), 0) is None


def test_a_file_that_is_opened_is_checked_against_the_inode_that_was_found() -> None:
    with file_of(FIRST) as descriptor:
        status = os.fstat(descriptor)
        inode = identity.inode_of(descriptor)
    assert inode == (status.st_dev, status.st_ino)
    assert identity.is_same(file("app.log", inode=None), inode)
    assert identity.is_same(file("app.log", inode=5), (1, 5))
    assert not identity.is_same(file("app.log", inode=5), (2, 5))
    identity.require_same(file("app.log", inode=5), (1, 5))
    with pytest.raises(identity.Replaced):
        identity.require_same(file("app.log", inode=5), (1, 6))


@pytest.mark.parametrize("content", [FIRST, gzip.compress(FIRST)], ids=["plain", "compressed"])
def test_an_open_file_is_told_by_the_fingerprint_of_its_text(content: bytes) -> None:
    with file_of(content) as descriptor:
        assert identity.fingerprint_of(descriptor) == fingerprint(FIRST)
        assert identity.begins_as(descriptor, fingerprint(FIRST))
        assert not identity.begins_as(descriptor, fingerprint(SECOND))


@pytest.mark.parametrize("nuls", [1, 1024, 5000, 3_000_000])
@pytest.mark.parametrize("wrap", [lambda text: text, gzip.compress])
def test_files_with_nuls_at_their_heads_are_told_by_what_follows(nuls: int, wrap: Callable[[bytes], bytes]) -> None:
    files = [file(f"app.log.{number}", wrap(bytes(nuls) + text)) for number, text in enumerate([FIRST, SECOND, THIRD])]
    for number, text in enumerate([FIRST, SECOND, THIRD]):
        assert identity.place_of(files, fingerprint(text)) == number
        assert identity.beginning_of(files[number]) == text
    assert identity.place_of([file("app.log", bytes(nuls))], fingerprint(FIRST)) is None
    assert identity.beginning_of(file("app.log", bytes(nuls))) == b""
