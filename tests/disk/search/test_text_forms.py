"""Bytes that cannot be searched as they lie there: decoded, passed over or a loss, never complete as they are."""

from __future__ import annotations

import gzip
from datetime import UTC
from typing import Any

import pytest

from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Status
from logagent.core.query import Order, Query, Unit
from logagent.disk.files.blocks import MAX_LINE
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.packing import encrypted, zipped
from testbed.reading import Collected, answer, found, in_order

TEXT = "2026-11-28 10:00:00 first\r\n2026-11-28 10:00:01 Müller refused 日本\n2026-11-28 10:00:02 last refused\n"
SINCE = 1_795_860_000 * 10**9
WRITTEN = 1_795_870_000 * 10**9
"""Nanoseconds: when the files were last written to, later than their lines."""
EVERY_ENCODING = pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
IN_BOTH_ORDERS = pytest.mark.parametrize("order", Order)
BY_LINE_BREAKS = [line.rstrip(b"\n") for line in TEXT.encode().split(b"\n")][:-1]


@EVERY_ENCODING
@IN_BOTH_ORDERS
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: bytes(8000) + text, gzip.compress])
async def test_wide_encodings_are_searched_and_sent_as_utf_8(encoding: str, order: Order, mark: str, wrap: Any) -> None:
    content = wrap((mark + TEXT).encode(encoding))
    out, outcome = await answer([content], order=order)
    assert out.lines == in_order(BY_LINE_BREAKS, order)
    assert outcome.complete
    out, outcome = await answer([content], order=order, keywords=("Müller refused 日".encode(),), regex=(b"^2026",))
    assert out.lines == [BY_LINE_BREAKS[1]]
    out, outcome = await answer([content], order=order, since=SINCE + 10**9, until=SINCE + 2 * 10**9, modified=WRITTEN)
    assert out.lines == [BY_LINE_BREAKS[1]]
    assert outcome.complete


@IN_BOTH_ORDERS
@pytest.mark.parametrize(
    "lead", [b"\xef\xbb\xbf", bytes(1), bytes(3000), bytes(MAX_LINE + 500), bytes(9) + b"\xef\xbb\xbf"]
)
@pytest.mark.parametrize("wrap", [lambda text: text, gzip.compress])
async def test_what_stands_before_the_first_line_is_no_part_of_it(lead: bytes, order: Order, wrap: Any) -> None:
    lines = [b"2026-11-28T10:00:%02dZ line" % second for second in range(3)]
    text = lead + b"\n".join([*lines, b" continued", b""])
    for asked in ({}, {"regex": (b"^2026|cont",)}, {"since": SINCE}, {"before": 1, "regex": (b".",)}):
        out, outcome = await answer([wrap(text)], (4096,), order=order, modified=WRITTEN, **asked)
        assert out.lines == in_order([*lines, b" continued"], order)
        assert outcome.complete, outcome
        places = [offset for batch in out.batches for offset in batch.offsets or ()]
        assert in_order(places, order) == [text.index(line) for line in [*lines, b" continued"]]  # type: ignore[arg-type]
        times = [time // 10**9 % 60 for batch in out.batches for time in batch.times or ()]
        assert times == in_order([0, 1, 2, 2], order)  # type: ignore[arg-type, list-item]


async def test_a_file_of_nothing_but_nuls_has_no_lines() -> None:
    out, outcome = await answer([bytes(5000)])
    assert (out.lines, outcome.complete) == ([], True)


@pytest.mark.parametrize(
    ("binary", "what"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0>\0\x01\0\0\0" * 20, "a program"),
        (b"SQLite format 3\0" + bytes(range(9)) * 9, "an SQLite database"),
        (bytes(range(256)) * 9, "no text"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda text: text, gzip.compress])
async def test_a_binary_asked_for_by_its_name_is_a_loss(binary: bytes, what: str, wrap: Any) -> None:
    out, outcome = await answer([wrap(binary)], keywords=(b"ELF",))
    assert (out.lines, outcome.status) == ([], Status.DATA_LOSS)
    assert outcome.message == f"app.log: is {what}, and is not searched"


@IN_BOTH_ORDERS
@pytest.mark.parametrize("wrap", [lambda text: text, gzip.compress])
@pytest.mark.parametrize("binary", [bytes(range(256)) * 9, b"\x7fELF" + bytes(9)])
@pytest.mark.parametrize("asked", [{}, {"unit": Unit.EVENT}, {"after": 1, "regex": (b"one",)}])
async def test_a_binary_that_a_glob_meets_is_left_out_and_noted(
    order: Order, wrap: Any, binary: bytes, asked: dict[str, Any]
) -> None:
    lines = [b"2026-11-28T10:00:00Z one", b"2026-11-28T10:00:01Z one"]
    contents = [lines[0] + b"\n", wrap(binary), lines[1] + b"\n"]
    out, outcome = await answer(contents, files=("*.log",), order=order, **asked)
    assert out.lines == in_order(lines, order)
    assert (outcome.complete, outcome.notes) == (True, (Note(NoteKind.BINARY, ("app.log.1",), 1),))
    first, _ = await answer(contents, files=("*.log",), order=order, n=1, **asked)
    positions = next(batch.positions for batch in reversed(first.batches) if batch.positions)
    rest, _ = await answer(contents, files=("*.log",), order=order, positions=positions, **asked)
    assert first.lines + rest.lines == out.lines or asked.get("after")


@pytest.mark.parametrize("files", [("app.log",), ("*",)])
async def test_a_zip_archive_gives_its_first_file(files: tuple[str, ...]) -> None:
    out, outcome = await answer([zipped(b"one\n")], files=files)
    assert (out.lines, outcome.complete) == ([b"one"], True)
    out, outcome = await answer([zipped(b"one\n", b"two\n")], files=files)
    assert (out.lines, outcome.status) == ([b"one"], Status.DATA_LOSS)
    assert "several files" in outcome.message
    out, outcome = await answer([zipped()], files=files)
    assert (out.lines, outcome.complete) == ([], True)


@pytest.mark.parametrize("files", [("app.log",), ("*",)])
@pytest.mark.parametrize(
    ("archive", "what"),
    [
        (encrypted(zipped(b"one\n")), "is an encrypted zip archive, which is not read"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "is a 7z archive, which is not read"),
        (b"Rar!\x1a\x07\x01\0", "is a rar archive, which is not read"),
        (b"\x1f\x9d\x90abc", "is compressed with compress (.Z), which is not read"),
        (zipped(b"one\n" * 99)[:45], "it is cut off"),
        (gzip.compress(gzip.compress(b"one\n" * 99)[:22]), "it is cut off"),
        (gzip.compress(b"\x1f\x9d\x90abc" * 9), "is compressed with compress (.Z), which is not read"),
    ],
    ids=["encrypted zip", "7z", "rar", "compress", "cut zip", "cut gzip in gzip", "compress in gzip"],
)
async def test_what_cannot_be_decompressed_is_a_loss_that_says_what_it_is(
    files: tuple[str, ...], archive: bytes, what: str
) -> None:
    _, outcome = await answer([archive], files=files)
    assert outcome.status is Status.DATA_LOSS
    assert outcome.message.startswith("app.log: ")
    assert outcome.message.endswith(what)


async def test_a_programs_zip_archive_is_no_log_unless_it_is_named() -> None:
    jar = found("app.jar", zipped(b"one\n", b"two\n"))
    for files, complete in ((("**",), True), (("app.jar",), False)):
        options = ReadOptions(host="web-1", zone=UTC)
        source = LogSource("app.jar", [jar], DiskThreads(inline=True), options, named=not complete)
        outcome = await source.pump(Query.of(files=files), Collected())
        assert outcome.complete is complete
        assert outcome.notes == ((Note(NoteKind.BINARY, ("app.jar",), 1),) if complete else ())


async def test_all_damaged_files_of_a_log_are_named_up_to_five() -> None:
    damaged = gzip.compress(b"line\n" * 100)[:20]
    _, outcome = await answer([damaged] * 7)
    assert outcome.message.count("damaged after") == 5
    assert outcome.message.endswith("; and 2 more")


@IN_BOTH_ORDERS
async def test_generations_with_nuls_at_their_heads_are_told_from_one_another(order: Order) -> None:
    contents = [bytes(5000) + b"".join(b"%d %d\n" % (file, line) for line in range(9)) for file in range(3)]
    whole, _ = await answer(contents, order=order)
    for n in (1, 8, 9, 10, 20):
        first, _ = await answer(contents, order=order, n=n)
        positions = next(batch.positions for batch in reversed(first.batches) if batch.positions)
        rest, outcome = await answer(contents, order=order, positions=positions)
        assert first.lines + rest.lines == whole.lines
        assert outcome.complete, outcome
