"""What reaches a pipe, slow, full or closed; and standard error."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator

import pytest
import trio

from logagent.terminal.pipe import Pipe
from logagent.terminal.streams import Streams, text_writer


class Ends:
    """The two ends of a pipe of the operating system."""

    def __init__(self) -> None:
        reader, writer = os.pipe()
        self.reader: io.FileIO = io.FileIO(reader, "r")
        self.writer: io.FileIO = io.FileIO(writer, "w")


@pytest.fixture
def ends() -> Iterator[Ends]:
    both = Ends()
    yield both
    both.reader.close()
    both.writer.close()


def never() -> None:
    raise AssertionError("the pipe is open")


async def test_pipe_is_written_whole_while_its_reader_is_slow(ends: Ends) -> None:
    data = os.urandom(1 << 20)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Pipe(ends.writer, never).write, data)
        assert await trio.to_thread.run_sync(_read_exactly, ends.reader, len(data)) == data


async def test_pipe_that_somebody_made_non_blocking_is_written_whole(ends: Ends) -> None:
    os.set_blocking(ends.writer.fileno(), False)
    data = os.urandom(1 << 20)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Pipe(ends.writer, never).write, data)
        assert await trio.to_thread.run_sync(_read_exactly, ends.reader, len(data)) == data


def _read_exactly(reader: io.FileIO, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        pieces += reader.read(size)
    return bytes(pieces)


async def test_closed_pipe_is_noted_and_told(ends: Ends) -> None:
    ends.reader.close()
    with trio.CancelScope() as scope:
        pipe = Pipe(ends.writer, scope.cancel)
        await pipe.write(b"x")
        raise AssertionError("went on")
    assert pipe.is_closed()


async def test_full_disk_is_told_to_who_asks() -> None:
    with io.FileIO("/dev/full", "w") as full, trio.CancelScope() as scope:
        pipe = Pipe(full, scope.cancel)
        await pipe.write(b"x")
    with pytest.raises(OSError, match="standard output: No space left on device"):
        pipe.is_closed()


async def test_cancelling_works_while_the_pipe_is_full(ends: Ends) -> None:
    threads = threading.active_count()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Pipe(ends.writer, never).write, bytes(1 << 20))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    ends.reader.close()  # which ends the thread
    assert threading.active_count() <= threads + 1


async def test_a_reader_that_goes_is_noticed_without_a_write(ends: Ends) -> None:
    with trio.CancelScope() as scope:
        pipe = Pipe(ends.writer, scope.cancel)
        with pipe.watched():
            ends.reader.close()
            await trio.sleep_forever()
    assert pipe.is_closed()


async def test_a_watch_ends_with_its_answer(ends: Ends) -> None:
    threads = threading.active_count()
    pipe = Pipe(ends.writer, never)
    with pipe.watched():
        await pipe.write(b"x")
    ends.reader.close()
    assert not pipe.is_closed()
    assert threading.active_count() <= threads + 1  # that of the write, which Trio keeps


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full"])
async def test_what_has_no_reader_loses_none(path: str) -> None:
    with io.FileIO(path, "w") as file, Pipe(file, never).watched():
        await trio.testing.wait_all_tasks_blocked()
    with Pipe(io.BytesIO(), never).watched():
        await trio.testing.wait_all_tasks_blocked()


def test_talk_is_escaped_and_one_line() -> None:
    stderr = io.StringIO()
    Streams(io.BytesIO(), stderr).say("db-2: \x1b[2J\nlogagent: all is well")
    assert stderr.getvalue() == "logagent: db-2: \\x1b[2J\\x0alogagent: all is well\n"


def test_talk_to_nobody_is_quiet(ends: Ends) -> None:
    ends.reader.close()
    stderr = text_writer(ends.writer.fileno())
    Streams(io.BytesIO(), stderr).say("hello")
    stderr.close()  # leaves nothing behind that could fail once more when the program ends
