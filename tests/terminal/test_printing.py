"""What reaches a terminal or a pipe."""

from __future__ import annotations

import base64
import io
import json
import os
import threading
from collections.abc import Iterator

import pytest
import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.terminal.printing import (
    PALETTE,
    Count,
    Lines,
    Pipe,
    Records,
    Streams,
    color_of,
    escaped,
    shown,
    text_writer,
    wants_color,
)

WEB = Origin("web-1", "nginx/access.log")
DB = Origin("db-2", "syslog")


class Written:
    """Remembers what is written."""

    def __init__(self) -> None:
        self.data = b""

    async def __call__(self, data: bytes) -> None:
        self.data += data


def batch(*lines: bytes, origins: tuple[Origin, ...] = (WEB,), origin: list[int] | None = None) -> Batch:
    columns = list(range(len(lines)))
    return Batch(b"".join(line + b"\n" for line in lines), len(lines), columns, columns, origins, origin)


def lines(*, prefix: bool = False, color: bool = False, escape: bool = False) -> tuple[Lines, Written]:
    written = Written()
    return Lines(written, prefix=prefix, color=color, escape=escape), written


async def test_pipe_gets_the_bytes_of_the_lines() -> None:
    printer, written = lines()
    await printer.send(batch(b"\x1b[31mred\x00\xff", b"", b"caf\xc3\xa9"))
    assert written.data == b"\x1b[31mred\x00\xff\n\ncaf\xc3\xa9\n"


async def test_sign_of_life_prints_nothing() -> None:
    printer, written = lines(prefix=True)
    await printer.send(SIGN_OF_LIFE)
    assert written.data == b""


async def test_prefix_names_host_and_file_of_every_line() -> None:
    printer, written = lines(prefix=True)
    await printer.send(batch(b"one", b"", b"three"))
    assert written.data == b"".join(b"web-1 nginx/access.log: " + line for line in (b"one\n", b"\n", b"three\n"))


async def test_prefix_follows_the_origin_of_each_line() -> None:
    printer, written = lines(prefix=True)
    await printer.send(batch(b"one", b"two", b"three", origins=(WEB, DB), origin=[1, 0, 1]))
    assert written.data == b"db-2 syslog: one\nweb-1 nginx/access.log: two\ndb-2 syslog: three\n"


async def test_prefix_in_colour_ends_before_the_line() -> None:
    printer, written = lines(prefix=True, color=True)
    await printer.send(batch(b"one"))
    assert written.data == b"\x1b[38;5;%dmweb-1 nginx/access.log\x1b[0m: one\n" % color_of("web-1")


async def test_file_name_that_holds_a_line_feed_forges_no_line() -> None:
    printer, written = lines(prefix=True)
    await printer.send(batch(b"one", origins=(Origin("web-1", "a\nb\x1b\udc9b"),)))
    assert written.data == b"web-1 a\\nb\\x1b\\x9b: one\n"


async def test_terminal_gets_escapes_and_the_prefix_its_colour() -> None:
    printer, written = lines(prefix=True, color=True, escape=True)
    await printer.send(batch(b"\x1b[2J", b"two"))
    first, second, _ = written.data.split(b"\n")
    assert first.endswith(b"\x1b[0m: \\x1b[2J")
    assert second.endswith(b"\x1b[0m: two")


@pytest.mark.parametrize(
    ("raw", "escaped_form"),
    [
        (b"tab\tstays\n", b"tab\tstays\n"),
        (b"\x1b]0;title\x07\n", b"\\x1b]0;title\\x07\n"),
        (b"\r\x00\x7f\x0b\n", b"\\r\\x00\\x7f\\x0b\n".replace(b"\\r", b"\\x0d")),
        ("c1 \x9b31m\n".encode(), b"c1 \\x9b31m\n"),
        (b"not utf-8 \x9b31m \xff\xc3\n", b"not utf-8 \\x9b31m \\xff\\xc3\n"),
        ("user\u202etxt.exe\n".encode(), b"user\\u202etxt.exe\n"),
        ("\u2066\u200b\ufeff\u2028\u00ad\n".encode(), b"\\u2066\\u200b\\ufeff\\u2028\\xad\n"),
        ("\U000e0041\n".encode(), b"\\U000e0041\n"),
        ("café 日本 👩\u200d💻\n".encode(), "café 日本 👩\u200d💻\n".encode()),
    ],
)
def test_characters_that_could_deceive_are_shown_as_escapes(raw: bytes, escaped_form: bytes) -> None:
    assert escaped(raw) == escaped_form


def test_every_control_character_is_escaped_but_tab_and_line_feed() -> None:
    controls = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]]
    assert [control for control in controls if shown(control) == control] == ["\t", "\n"]


def test_batch_of_plain_lines_is_not_copied() -> None:
    body = b"plain\tlines\n" * 1000
    assert escaped(body) is body


async def test_records_end_with_the_verdict() -> None:
    written = Written()
    printer = Records(written, escape=False)
    await printer.send(batch(b"one", b"two"))
    await printer.end(Outcome(Status.OK, lines=2, hosts=(HostOutcome("web-1", Status.OK, lines=2),)))
    records = [json.loads(record) for record in written.data.splitlines()]
    assert [record.get("line") for record in records] == ["one", "two", None]
    assert records[-1]["end"]["complete"] is True


async def test_records_on_a_terminal_are_escaped_and_mean_the_same() -> None:
    line = "\x1b[2J \x7f\x9b \u202e \U000e0041 é"
    plain, terminal = await _records(line.encode(), escape=False), await _records(line.encode(), escape=True)
    assert terminal.isascii() is False
    assert "\x9b" not in terminal
    assert "\x7f" not in terminal
    assert json.loads(terminal) == json.loads(plain)
    assert json.loads(plain)["line"] == line


async def test_record_of_a_line_that_is_not_utf_8_holds_its_bytes() -> None:
    assert base64.b64decode(json.loads(await _records(b"\xff", escape=True))["line_base64"]) == b"\xff"


async def _records(line: bytes, *, escape: bool) -> str:
    written = Written()
    await Records(written, escape=escape).send(batch(line))
    return written.data.decode()


async def test_count_is_that_of_all_batches() -> None:
    written = Written()
    printer = Count(written)
    for size in (2, 3):
        await printer.send(batch(*[b"x"] * size))
    assert written.data == b""
    await printer.end(Outcome())
    assert written.data == b"5\n"


def test_colour_of_a_host_is_the_same_everywhere() -> None:
    assert [color_of(host) for host in ("web-1", "db-2")] == [168, 37]
    assert {color_of(f"host-{number}") for number in range(200)} == set(PALETTE)


@pytest.mark.parametrize(
    ("asked", "terminal", "environ", "wanted"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
def test_colour_is_wanted(asked: str, terminal: bool, environ: dict[str, str], wanted: bool) -> None:
    assert wants_color(asked, terminal=terminal, environ=environ) is wanted


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


def test_talk_is_escaped_and_one_line() -> None:
    stderr = io.StringIO()
    Streams(io.BytesIO(), stderr).say("db-2: \x1b[2J\nlogagent: all is well")
    assert stderr.getvalue() == "logagent: db-2: \\x1b[2J logagent: all is well\n"


def test_talk_to_nobody_is_quiet(ends: Ends) -> None:
    ends.reader.close()
    stderr = text_writer(ends.writer.fileno())
    Streams(io.BytesIO(), stderr).say("hello")
    stderr.close()  # leaves nothing behind that could fail once more when the program ends
