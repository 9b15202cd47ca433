"""What is known of logs without reading them: their files, and what the ends of the oldest and the newest say."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import threading
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import zstandard

from logagent.core.outcome import Failure
from logagent.core.times.locating import SEEN, formats
from logagent.core.times.stamper import Stamper
from logagent.core.wire.listing import UNTIMED, ListedFile, ListedLog
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.blocks import Read
from logagent.disk.times.stamping import SAMPLE

MAX_LISTED = 5000
"""Logs of one listing: about two megabytes of JSON, and more than anyone reads."""
MAX_TRIED = 3
"""Files of a log that are looked into from either end for one that has lines: a new file is empty after a rotation."""
FORMAT_LINES = 64
"""Lines at either end of a file whose format is told: enough to see which there are, at a few microseconds each."""
KEPT = 10_000
"""Files that are remembered as long as they do not change: a few hundred bytes each."""
MAX_XZ_MEMORY = 32 * 1024 * 1024
"""Bytes that an .xz file may make its reader take: xz -7 needs 17 MiB. What needs more has no oldest time here."""
MAX_ZST_WINDOW = 8 * 1024 * 1024
"""The same of a .zst file: what RFC 8878 asks every decoder to support, and zstd -19 makes use of."""

_Identity = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Ends:
    """What the ends of one file say: the oldest and the newest time, ns, how many lines were seen, in which formats."""

    lines: int
    oldest: int | None = None
    newest: int | None = None
    formats: Mapping[str, int] | None = None


class Lister:
    """Looks into logs, and remembers what it saw of files that stay as they are. Threads may share one."""

    def __init__(self, *, kept: int = KEPT, read: Read = os.pread) -> None:
        self._kept = kept
        self._read = read
        self._seen: OrderedDict[_Identity, Ends] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, host: str, log: Log, zone: tzinfo) -> ListedLog:
        """A log with its times; opens at most twice `MAX_TRIED` of its files, and blocks.

        zone: of times that name none. What cannot be read is listed with a message that says why.
        """
        try:
            first = self._first_with_lines(log.generations, zone)
            last = self._first_with_lines(log.generations[::-1], zone)
        except Failure as failure:
            return unlooked(host, log, zone, failure.message)
        timed = first.newest is not None or last.oldest is not None if first.lines else None
        counts = Counter(first.formats or {}) + Counter(last.formats or {})
        counts.pop("none", None)
        names = tuple(name for name, _ in counts.most_common())
        message = UNTIMED if timed is False else ""
        return ListedLog(host, log.name, _files(log), last.oldest, first.newest, names, str(zone), timed, message)

    def _first_with_lines(self, generations: Sequence[Generation], zone: tzinfo) -> Ends:
        for generation in generations[:MAX_TRIED]:
            ends = self._ends(generation, zone)
            if ends.lines:
                return ends
        return Ends(0)

    def _ends(self, generation: Generation, zone: tzinfo) -> Ends:
        descriptor = generation.open()
        try:
            status = os.fstat(descriptor)
            identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, str(zone))
            return self._remembered(identity) or self._look(descriptor, generation, status, zone, identity)
        except OSError as error:
            raise failure_of(error, generation.name) from error
        finally:
            os.close(descriptor)

    def _look(
        self, descriptor: int, generation: Generation, status: os.stat_result, zone: tzinfo, identity: _Identity
    ) -> Ends:
        stamper = Stamper(zone, status.st_mtime_ns)
        if generation.compressed:
            ends = _of_packed(self._read(descriptor, SAMPLE, 0), generation.name, stamper)
        else:
            ends = _of_lines(self._heads(descriptor, status.st_size), stamper)
        with self._lock:
            self._seen[identity] = ends
            while len(self._seen) > self._kept:
                self._seen.popitem(last=False)
        return ends

    def _remembered(self, identity: _Identity) -> Ends | None:
        with self._lock:
            if identity in self._seen:
                self._seen.move_to_end(identity)
            return self._seen.get(identity)

    def _heads(self, descriptor: int, size: int) -> list[bytes]:
        if size <= 2 * SAMPLE:
            return _heads(self._read(descriptor, 2 * SAMPLE, 0))
        # The first line of the second part has lost its beginning, most likely.
        end = self._read(descriptor, SAMPLE, size - SAMPLE).partition(b"\n")[2]
        return [*_heads(_cut(self._read(descriptor, SAMPLE, 0))), *_heads(end)]


def unlooked(host: str, log: Log, zone: tzinfo, message: str) -> ListedLog:
    """A log that could not be looked into, and why."""
    return ListedLog(host, log.name, _files(log), zone=str(zone), message=message)


def sorted_out(logs: Iterable[Log]) -> tuple[list[Log], list[Failure]]:
    """The logs that were found, and what could not be reached."""
    found, failures = [], []
    for log in logs:
        if log.root is not None:
            found.append(log)
        else:
            failures.append(_failure(log))
    return found, failures


def _failure(refused: Log) -> Failure:
    try:
        refused.generations[0].open()
    except Failure as failure:
        return failure
    raise AssertionError(f"{refused.name} was not reached, and opens")


def _files(log: Log) -> tuple[ListedFile, ...]:
    return tuple(ListedFile(each.name, each.size, each.modified, each.compressed) for each in log.generations)


def _heads(text: bytes) -> list[bytes]:
    """The beginnings of lines, as far as their times depend on them."""
    return [line[:SEEN] for line in text.split(b"\n") if line]


def _cut(text: bytes) -> bytes:
    """Without the last line, whose time may be cut; a line that is longer than all that was read has its own whole."""
    return text[: text.rfind(b"\n") + 1] or text


def _of_lines(heads: list[bytes], stamper: Stamper) -> Ends:
    times = [time for time in stamper.stamps(heads) if time is not None]
    sample = heads if len(heads) <= 2 * FORMAT_LINES else [*heads[:FORMAT_LINES], *heads[-FORMAT_LINES:]]
    return Ends(len(heads), min(times, default=None), max(times, default=None), formats(sample))


def _of_packed(packed: bytes, name: str, stamper: Stamper) -> Ends:
    """What the beginning of a compressed file says; its newest time is at its end, which cannot be reached at once."""
    try:
        unpack = next(unpack for suffix, unpack in _UNPACKING.items() if name.endswith(suffix))
        ends = _of_lines(_heads(_cut(unpack(packed))), stamper)
    except (*_DAMAGED, StopIteration):
        return Ends(0)
    return Ends(ends.lines, ends.oldest, None, ends.formats)


def _unzstd(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor(max_window_size=MAX_ZST_WINDOW).stream_reader(io.BytesIO(packed)).read(SAMPLE)


_UNPACKING: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": lambda packed: zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, SAMPLE),
    ".bz2": lambda packed: bz2.BZ2Decompressor().decompress(packed, SAMPLE),
    ".xz": lambda packed: lzma.LZMADecompressor(memlimit=MAX_XZ_MEMORY).decompress(packed, SAMPLE),
    ".zst": _unzstd,
}
_DAMAGED = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)
