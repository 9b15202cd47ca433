"""The bytes of a compressed file are taken in turn, looked at ahead, given back and skipped."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.disk.archives.compressed_bytes import READ, CompressedBytes, Damaged
from logagent.disk.files.blocks import Read
from testbed.reading import file_of

CONTENT = bytes(range(256)) * 1000


@contextmanager
def bytes_of(
    content: bytes, *, read: Read = os.pread, before_read: Callable[[], object] = lambda: None
) -> Iterator[CompressedBytes]:
    with file_of(content) as descriptor:
        yield CompressedBytes(descriptor, read, before_read)


@given(st.lists(st.integers(1, 2 * READ), max_size=8))
def test_pieces_are_together_the_file_and_the_place_is_behind_the_last(sizes: list[int]) -> None:
    with bytes_of(CONTENT) as held:
        taken = 0
        for size in sizes:
            if taken + size > len(CONTENT):
                break
            assert held.ahead(size) == CONTENT[taken : taken + size]
            assert held.take(size) == CONTENT[taken : taken + size]
            taken += size
            assert held.place == taken


def test_what_is_given_back_comes_again() -> None:
    with bytes_of(b"abcdef") as held:
        assert held.take_some(4) == b"abcd"
        held.give_back(2)
        assert (held.place, held.take(4)) == (2, b"cdef")


def test_some_bytes_are_fewer_than_asked_for_only_at_the_end() -> None:
    with bytes_of(b"abc") as held:
        assert (held.ahead(5), held.take_some(5), held.ahead(1)) == (b"abc", b"abc", b"")


@pytest.mark.parametrize("act", [lambda held: held.take(4), lambda held: held.skip(4)])
def test_a_file_that_ends_too_early_is_cut_off(act: Callable[[CompressedBytes], object]) -> None:
    with bytes_of(b"abc") as held, pytest.raises(Damaged, match="it is cut off"):
        act(held)


def test_nothing_can_be_taken_at_the_end() -> None:
    with bytes_of(b"abc") as held:
        held.take(3)
        with pytest.raises(Damaged, match="it is cut off"):
            held.take_some(1)


def test_skipped_bytes_are_not_read() -> None:
    offsets: list[int] = []

    def read(descriptor: int, size: int, offset: int) -> bytes:
        offsets.append(offset)
        return os.pread(descriptor, size, offset)

    with bytes_of(b"\0" * READ + CONTENT, read=read) as held:
        held.skip(READ)
        assert (held.place, held.take(3), offsets) == (READ, CONTENT[:3], [READ])
        held.go_to(READ + 1)
        assert (held.take(2), offsets) == (CONTENT[1:3], [READ, READ + 1])


@pytest.mark.parametrize("padding", [0, 1, READ - 1, READ, READ + 1, 2 * READ])
def test_padding_is_passed_over(padding: int) -> None:
    with bytes_of(bytes(padding) + b"x\0") as held:
        assert held.skip_padding()
        assert (held.place, held.take(1)) == (padding, b"x")
        assert not held.skip_padding()
        assert held.place == padding + 2


def test_bytes_appended_later_are_not_read() -> None:
    with file_of(b"abc") as descriptor:
        held = CompressedBytes(descriptor, os.pread, lambda: None)
        os.pwrite(descriptor, b"def", 3)
        assert held.ahead(10) == b"abc"


@pytest.mark.parametrize(("code", "reason"), [(errno.EIO, "Input/output error"), (None, "cannot be read")])
def test_a_read_that_fails_is_damage_with_its_reason(code: int | None, reason: str) -> None:
    def fail(descriptor: int, size: int, offset: int) -> bytes:
        raise OSError(code, os.strerror(code)) if code else OSError("unknown")

    with bytes_of(b"abc", read=fail) as held, pytest.raises(Damaged, match=reason):
        held.ahead(1)


def test_an_exception_before_a_read_passes_through() -> None:
    def cancel() -> None:
        raise KeyboardInterrupt

    with bytes_of(b"abc", before_read=cancel) as held, pytest.raises(KeyboardInterrupt):
        held.ahead(1)
