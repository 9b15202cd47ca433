"""Logs to read without an agent: files as a catalog would find them, and an `Out` that keeps its batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import trio

from logagent.core.batch import Batch, LineFlag
from logagent.core.outcome import Outcome
from logagent.core.query import Order, Query
from logagent.core.rendering.records import RecordsText
from logagent.disk.catalog.rotated_names import has_compressed_name
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads

MODIFIED = 1_700_000_000_000_000_000
"""Time of the last write to the files of `found`, in nanoseconds since the epoch."""


class Found(NamedTuple):
    """A file as a catalog would find it."""

    name: str
    size: int
    modified: int
    open: Callable[[], int]
    identity: tuple[int, int] | None = None
    compressed: bool = False
    back: int | None = None


def found(name: str, content: bytes, modified: int = MODIFIED) -> Found:
    """Return a file in memory."""

    def open_file() -> int:
        descriptor = os.memfd_create(name)
        os.write(descriptor, content)
        os.utime(descriptor, ns=(modified, modified))
        return descriptor

    return Found(name, len(content), modified, open_file, compressed=has_compressed_name(name))


def found_at(path: Path) -> Found:
    """Return a file in a directory, without its inode."""
    status = path.stat()
    return Found(path.name, status.st_size, status.st_mtime_ns, partial(os.open, path, os.O_RDONLY))


@contextmanager
def file_of(content: bytes) -> Iterator[int]:
    """Provide the descriptor of a file with a content."""
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, content)
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass
class Collected:
    """An `Out` that keeps its batches."""

    batches: list[Batch] = field(default_factory=list)

    async def send(self, batch: Batch) -> None:
        await trio.lowlevel.checkpoint()
        self.batches.append(batch)

    @property
    def lines(self) -> list[bytes]:
        return [line for batch in self.batches for line in batch.lines()]

    def text(self) -> list[bytes]:
        """The lines as they are printed, with `--` between groups."""
        rendering = RecordsText(prefix=False, groups=True)
        return b"".join(map(rendering.batch, self.batches)).splitlines()

    def records(self) -> list[bytes]:
        """Return the records, each with all of its lines."""
        records: list[bytes] = []
        for batch in self.batches:
            for line, flag in zip(batch.lines(), batch.flags or bytes(batch.count), strict=True):
                if flag & LineFlag.CONTINUES:
                    records[-1] += b"\n" + line
                else:
                    records.append(line)
        return records


async def answer(
    contents: Sequence[bytes],
    sizes: tuple[int, ...] = (100,),
    *,
    modified: int = MODIFIED,
    zone: tzinfo = UTC,
    **asked: Any,
) -> tuple[Collected, Outcome]:
    """Return the answer of a log.

    Args:
        contents: of its files, oldest first.
        sizes: of the blocks that are read.
        asked: fields of the query.
    """
    names = [f"app.log.{number}" for number in range(len(contents) - 1, 0, -1)] + ["app.log"]
    files = [found(name, content, modified) for name, content in zip(names, contents, strict=True)][::-1]
    options = ReadOptions(host="web-1", zone=zone, sizes=sizes)
    named = "app.log" in asked.get("files", ("app.log",))
    source = LogSource("app.log", files, DiskThreads(inline=True), options, named=named)
    out = Collected()
    outcome = await source.pump(Query.of(**{"files": ("app.log",), "times": True, "places": True, **asked}), out)
    assert outcome.lines == len(out.lines)
    return out, outcome


def in_order(lines: list[bytes], order: Order) -> list[bytes]:
    return lines if order is Order.OLDEST else lines[::-1]


def joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
