"""An archive that is empty, or cut anywhere, never passes for a whole one, and its first bytes never for lines."""

from __future__ import annotations

import gzip
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
import zstandard

from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query, Unit
from logagent.disk.archives.compression import Compression
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.packing import PACK, zipped
from testbed.reading import Collected, found, found_at, in_order

LINES = [b"2026-11-28T10:00:%02dZ line" % second for second in range(20)]
TEXT = b"".join(line + b"\n" for line in LINES)
SUFFIXES = {
    Compression.GZIP: "gz",
    Compression.BZIP2: "bz2",
    Compression.XZ: "xz",
    Compression.ZSTD: "zst",
    Compression.LZ4: "lz4",
    Compression.LZMA: "lzma",
    Compression.ZIP: "zip",
}
EVERY_KIND = pytest.mark.parametrize("kind", list(SUFFIXES))
FORMS = ({"order": Order.OLDEST}, {"order": Order.NEWEST}, {"hits": True}, {"unit": Unit.EVENT, "before": 1})
ENOUGH_FOR_ALL_BUT_A_WINDOW = 64 * 1024 * 1024


def archive(kind: Compression, text: bytes = TEXT) -> bytes:
    return zipped(text) if kind is Compression.ZIP else PACK[kind](text)


async def asked(name: str, content: bytes, *, named: bool = True, **fields: Any) -> tuple[Collected, Outcome]:
    """Ask a log with a live file of one line, and an older one."""
    files = [found("app.log", b"2026-11-28T11:00:00Z new\n"), found(name, content)]
    out = Collected()
    source = LogSource("app.log", files, DiskThreads(inline=True), ReadOptions(host="web-1", zone=UTC), named=named)
    return out, await source.pump(Query.of(**{"files": ("app.log",), "times": True, **fields}), out)


@EVERY_KIND
@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_an_archive_cut_within_its_head_is_a_loss_by_its_name(kind: Compression, form: dict[str, Any]) -> None:
    name = f"app.log.1.{SUFFIXES[kind]}"
    for size in range(21):
        out, outcome = await asked(name, archive(kind)[:size], **form)
        assert (size, outcome.status) == (size, Status.DATA_LOSS)
        assert outcome.message.startswith(f"{name}: damaged")
        lines = () if "hits" in form else out.lines
        assert all(LINES[0].startswith(line) for line in lines if line != b"2026-11-28T11:00:00Z new")


@EVERY_KIND
async def test_an_archive_cut_at_any_byte_gives_first_lines_and_is_a_loss(kind: Compression) -> None:
    whole = archive(kind)
    for size in range(21, len(whole), 7):
        out, outcome = await asked(f"app.log.1.{SUFFIXES[kind]}", whole[:size], order=Order.OLDEST)
        assert b"\n".join([*LINES, LINES[0]]).startswith(b"\n".join(out.lines[:-1]))
        assert outcome.status is Status.DATA_LOSS or out.lines[:-1] == LINES  # of zip, the directory alone may be cut
    out, outcome = await asked(f"app.log.1.{SUFFIXES[kind]}", whole, order=Order.OLDEST)
    assert (out.lines[:-1], outcome.status) == (LINES, Status.OK)


@EVERY_KIND
@pytest.mark.parametrize("order", Order)
async def test_a_last_line_without_its_end_is_a_line(kind: Compression, order: Order) -> None:
    out, outcome = await asked(f"app.log.1.{SUFFIXES[kind]}", archive(kind, b"alone"), order=order, n=9)
    assert (sorted(out.lines), outcome.status) == ([b"2026-11-28T11:00:00Z new", b"alone"], Status.OK)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "it is empty"),
        (bytes(4096), "it holds nothing but NULs"),
        (b"\x1f\x8b", "it is cut off within its first bytes"),
        (b"BZh91AY&S", "it is cut off within its first bytes"),
        (b"\x28\xb5\x2f\xfd\x04", "it is cut off"),
        (b"\x8b", "it is not the archive that its name says"),
        (gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0)[:-9], "it is cut off"),
    ],
)
async def test_what_is_no_archive_says_why(content: bytes, cause: str, *, named: bool) -> None:
    _, outcome = await asked("app.log.1.gz", content, named=named)
    assert outcome.status is Status.DATA_LOSS
    assert outcome.message.startswith("app.log.1.gz: damaged")
    assert outcome.message.endswith(cause)


CONTENTS = [b"text\n", b"BZ is text\n", "é".encode() * 9, gzip.compress(b"BZh9", mtime=0), b"PKI\n"]


@pytest.mark.parametrize("content", CONTENTS)
async def test_text_under_the_name_of_an_archive_is_text(content: bytes) -> None:
    out, outcome = await asked("app.log.1.gz", content)
    assert (len(out.lines), outcome.status) == (2, Status.OK)


async def test_a_page_that_reaches_an_empty_archive_is_the_one_that_is_incomplete() -> None:
    out, outcome = await asked("app.log.1.gz", b"", n=1)
    assert (out.lines, outcome.status) == ([b"2026-11-28T11:00:00Z new"], Status.OK)
    positions = next(batch.positions for batch in reversed(out.batches) if batch.positions)
    out, outcome = await asked("app.log.1.gz", b"", n=1, positions=positions)
    assert (out.lines, outcome.status) == ([], Status.DATA_LOSS)


@contextmanager
def little_memory(spare: int) -> Iterator[None]:
    """Have the system give this process so many further bytes at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


async def test_an_archive_for_which_there_is_no_memory_is_not_called_damaged() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    content = packer.compress(TEXT) + packer.flush()
    with little_memory(ENOUGH_FOR_ALL_BUT_A_WINDOW):
        _, outcome = await asked("app.log.1.zst", content)
    assert outcome.status is Status.RESOURCE_EXHAUSTED
    assert outcome.message == (
        "app.log.1.zst: not decompressed after 0 bytes: the system gave no memory for its window of 134217728 bytes;"
        " raise the agent's limit (ulimit -v, MemoryMax=)"
    )
    _, outcome = await asked("app.log.1.zst", content)
    assert outcome.complete


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT, mtime=0)])
async def test_a_read_without_memory_is_told_as_such(tmp_path: Path, content: bytes) -> None:
    def read(descriptor: int, size: int, offset: int) -> bytes:
        raise MemoryError

    (tmp_path / "app.log").write_bytes(content)
    options = ReadOptions(host="web-1", zone=UTC, read=read)
    source = LogSource("app.log", [found_at(tmp_path / "app.log")], DiskThreads(inline=True), options)
    outcome = await source.pump(Query.of(files=("app.log",), order=Order.NEWEST), Collected())
    assert (outcome.status, in_order([], Order.NEWEST)) == (Status.RESOURCE_EXHAUSTED, [])
    assert "memory" in outcome.message
