"""What reaches a terminal or a pipe."""

from __future__ import annotations

import base64
import json

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.rendering.records import RecordsNdjson
from logagent.terminal.colors import color_of
from logagent.terminal.printing import CountPrinter, JsonPrinter, LinePrinter

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


def lines(*, prefix: bool = False, color: bool = False, escape: bool = False) -> tuple[LinePrinter, Written]:
    written = Written()
    return LinePrinter(written, prefix=prefix, color=color, escape=escape), written


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
    assert written.data == b"web-1 a\\x0ab\\x1b\\x9b: one\n"


async def test_terminal_gets_escapes_and_the_prefix_its_colour() -> None:
    printer, written = lines(prefix=True, color=True, escape=True)
    await printer.send(batch(b"\x1b[2J", b"two"))
    first, second, _ = written.data.split(b"\n")
    assert first.endswith(b"\x1b[0m: \\x1b[2J")
    assert second.endswith(b"\x1b[0m: two")


async def test_records_end_with_the_verdict() -> None:
    written = Written()
    printer = JsonPrinter(written, escape=False, rendering=RecordsNdjson())
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
    await JsonPrinter(written, escape=escape, rendering=RecordsNdjson()).send(batch(line))
    return written.data.decode()


async def test_count_is_that_of_all_batches() -> None:
    written = Written()
    printer = CountPrinter(written)
    for size in (2, 3):
        await printer.send(batch(*[b"x"] * size))
    assert written.data == b""
    await printer.end(Outcome())
    assert written.data == b"5\n"
