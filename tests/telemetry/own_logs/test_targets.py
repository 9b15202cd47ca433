"""Lines on a descriptor: whole, in order, and never waited for long."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.telemetry.own_logs.lines import plain_text
from logagent.telemetry.own_logs.targets import NOBODY_READS, PIPE_BUF, ByteLines, Descriptor
from testbed.own_lines import told


class Disk:
    """Takes bytes while it has room, as a disk does that is filled and emptied by others."""

    def __init__(self) -> None:
        self.holds = b""
        self.room = 0

    def put(self, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "no space")
        taken = data[: self.room]
        self.room -= len(taken)
        self.holds += taken
        return len(taken)


@given(st.lists(st.tuples(st.integers(0, 12), st.lists(st.binary(max_size=5), max_size=4))))
def test_whatever_room_there_is_lines_are_whole_and_in_order(writes: list[tuple[int, list[bytes]]]) -> None:
    disk = Disk()
    lines, wanted = ByteLines(disk.put), b""
    for room, given_lines in writes:
        disk.room = room
        whole = [line.replace(b"\n", b"") + b"\n" for line in given_lines]
        written = 0
        try:
            lines.finish()
            written = lines.write(whole) if whole else 0
        except OSError:
            pass
        wanted += b"".join(whole[:written])
    assert wanted.startswith(disk.holds)
    disk.room = 1 << 20
    lines.finish()
    assert disk.holds == wanted


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    fcntl.fcntl(ends[0], fcntl.F_SETFL, os.O_NONBLOCK)
    yield ends
    for end in ends:
        os.close(end)


def test_lines_stand_on_the_descriptor(pipe: tuple[int, int]) -> None:
    target = Descriptor(pipe[1], plain_text)
    assert target.write([told("one"), told("t\ud800o")]) == 2
    assert os.read(pipe[0], 1 << 16) == b"one\nt\\ud800o\n"


def test_where_nobody_reads_lines_are_not_waited_for(pipe: tuple[int, int]) -> None:
    fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, PIPE_BUF)
    target = Descriptor(pipe[1], plain_text)
    lines = [told("x" * 999)] * 10
    assert target.write(lines) == 5
    assert target.fault == NOBODY_READS
    assert target.write(lines) == 0
    read = os.read(pipe[0], 1 << 16)
    assert target.write([]) == 0
    assert target.fault == ""
    assert (read + os.read(pipe[0], 1 << 16)).count(b"\n") == 5


def test_a_descriptor_that_fails_says_why() -> None:
    closed, other = os.pipe()
    os.close(other)
    os.close(closed)
    target = Descriptor(closed, plain_text)
    assert target.write([told("one")]) == 0
    assert target.fault


def test_a_disk_that_is_full_says_so() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        target = Descriptor(full, plain_text)
        assert target.write([told("one")]) == 0
        assert target.fault == "No space left on device"
    finally:
        os.close(full)
