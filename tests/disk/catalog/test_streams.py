"""What comes once: told from files, copied to where it can be read again, and closed whatever happens."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.streams import Stream, is_stream


@contextmanager
def pipe_of(data: bytes) -> Iterator[str]:
    """The path of a pipe that gives these bytes and ends."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield f"/proc/self/fd/{reading}"
    finally:
        os.close(reading)
        thread.join()


def content(stream: Stream) -> bytes:
    """All that the log of a stream holds."""
    (file,) = stream.log().generations
    descriptor = file.open()
    try:
        return os.pread(descriptor, 1 << 20, 0)
    finally:
        os.close(descriptor)


def test_files_and_directories_are_no_streams(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\n")
    (tmp_path / "link").symlink_to("app.log")
    assert not any(is_stream(str(path)) for path in (tmp_path, tmp_path / "app.log", tmp_path / "link"))
    assert not is_stream(str(tmp_path / "missing"))
    assert not is_stream("a\0b")


def test_pipes_devices_open_files_and_what_the_kernel_makes_up_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    named = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "/dev/null", "/proc/version")
    assert all(map(is_stream, (*named, str(tmp_path / "fifo"), str(tmp_path / "link"))))


def test_a_pipe_is_copied_and_can_be_read_again_and_again() -> None:
    with pipe_of(b"one\ntwo") as path:
        stream = Stream(path)
        stream.fill()
        assert (stream.is_copied, stream.is_whole, stream.size) == (True, True, 7)
        assert [content(stream), content(stream)] == [b"one\ntwo"] * 2
        stream.end_line()
        stream.end_line()
        assert content(stream) == b"one\ntwo\n"
        stream.close()
    with pytest.raises(Failure, match="is not open"):
        stream.log()


def test_an_open_file_is_read_where_it_is_and_one_that_was_read_on_from_there(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\ntwo\n")
    with (tmp_path / "app.log").open("rb", buffering=0) as file:
        path = f"/proc/self/fd/{file.fileno()}"
        whole = Stream(path)
        whole.fill()
        assert (whole.is_copied, content(whole)) == (False, b"one\ntwo\n")
        whole.close()
    reading = os.open(tmp_path / "app.log", os.O_RDONLY)
    saved = os.dup(0)
    try:
        os.read(reading, 4)
        os.dup2(reading, 0)
        rest = Stream("-")
        rest.fill()
        assert (rest.is_copied, content(rest)) == (True, b"two\n")
        rest.close()
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(reading)


def test_the_first_bytes_tell_what_is_compressed_before_the_end_has_come() -> None:
    for head, is_text in ((b"\x1f\x8b\x08 rest", False), (b"2026-11-27 plain\n", True), (b"", True)):
        with pipe_of(head) as path:
            stream = Stream(path)
            stream.begin()
            stream.look_ahead()
            assert stream.is_text is is_text
            assert stream.size == 0
            stream.fill()
            assert content(stream) == head
            stream.close()


def test_more_than_is_copied_is_refused_and_told() -> None:
    with pipe_of(b"x" * 100) as path:
        stream = Stream(path, most=99)
        with pytest.raises(Failure, match="more than 99 bytes; write it to a file") as refused:
            stream.fill()
        assert refused.value.status is Status.RESOURCE_EXHAUSTED
        stream.close()


def test_what_cannot_be_opened_or_has_no_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match="no such file: /no/such") as missing:
        Stream("/no/such").begin()
    assert missing.value.status is Status.NOT_FOUND
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pipe_of(b"one\n") as path:
        stream = Stream(path)
        stream.fill()
        assert list(tmp_path.iterdir()) == []  # the copy has no name
        stream.close()


def test_closing_while_somebody_waits_for_more_leaves_no_descriptor_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    reading, writing = os.pipe()
    stream = Stream(f"/proc/self/fd/{reading}")
    stream.begin()
    waiting = threading.Thread(target=stream.fill)
    waiting.start()
    stream.close()
    os.write(writing, b"late\n")
    os.close(writing)
    waiting.join()
    os.close(reading)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
