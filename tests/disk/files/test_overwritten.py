"""A reader notices that its file was overwritten, and does not mind that it grew or was cut short."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from logagent.disk.files.overwritten import Overwritten, guarded
from testbed.reading import file_of

TEXT = b"first line\nsecond line\n"
HEAD = TEXT[:15]


def rewritten(text: bytes) -> Callable[[int], object]:
    """What empties a file and writes this into it."""

    def act(descriptor: int) -> None:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text, 0)

    return act


@pytest.mark.parametrize(
    "act",
    [
        lambda descriptor: None,
        lambda descriptor: os.pwrite(descriptor, b"third line\n", len(TEXT)),
        lambda descriptor: os.ftruncate(descriptor, 20),
        lambda descriptor: os.ftruncate(descriptor, 5),
    ],
    ids=["untouched", "appended to", "cut behind its head", "cut within its head"],
)
def test_a_file_that_still_begins_as_it_did_is_read(act: Callable[[int], object]) -> None:
    with file_of(TEXT) as descriptor:
        act(descriptor)
        assert guarded(os.pread, HEAD)(descriptor, 5, 0) == b"first"


@pytest.mark.parametrize(
    "act",
    [
        lambda descriptor: os.ftruncate(descriptor, 0),
        rewritten(b"another line\n"),
        rewritten(b"first line\nanother line\n"),
        rewritten(b"f?"),
    ],
    ids=["emptied", "another text", "another second line", "a shorter text"],
)
def test_a_file_that_begins_otherwise_was_overwritten(act: Callable[[int], object]) -> None:
    with file_of(TEXT) as descriptor:
        act(descriptor)
        with pytest.raises(Overwritten):
            guarded(os.pread, HEAD)(descriptor, 5, 0)


def test_a_file_that_is_overwritten_while_it_is_read_is_noticed_by_that_read() -> None:
    def read(descriptor: int, size: int, offset: int) -> bytes:
        body = os.pread(descriptor, size, offset)
        rewritten(b"another line\n")(descriptor)
        return body

    with file_of(TEXT) as descriptor, pytest.raises(Overwritten):
        guarded(read, HEAD)(descriptor, 5, 0)


def test_a_file_that_was_empty_cannot_be_told_from_another() -> None:
    with file_of(b"") as descriptor:
        os.pwrite(descriptor, TEXT, 0)
        assert guarded(os.pread, b"")(descriptor, 5, 0) == b"first"
