"""The listing of logs: their files, and the times and formats at the ends of the oldest and the newest of them."""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import islice

from logagent.core.outcome import Failure
from logagent.core.times.judgement import Judgement
from logagent.core.times.stamper import Stamper
from logagent.core.wire.listing import UNTIMED, ListedFile, ListedLog
from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.archives.decoding import Decompression
from logagent.disk.archives.text_source import in_utf8
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.blocks import Read
from logagent.disk.files.reader import Reader
from logagent.disk.files.text_form import FORM_BYTES, aligned, encoding_of, nuls_before, without_lead
from logagent.disk.times.heads import heads_of
from logagent.disk.times.sampling import judged
from logagent.disk.times.stamping import SAMPLE, FileTimes

MAX_LISTED = 5000
"""Logs of one listing: about two megabytes of JSON, and more than anyone reads."""
MAX_TRIED = 3
"""Files of a log that are opened from either end until one has lines: after a rotation the newest is empty."""
KEPT = 10_000
"""Files in the cache, each valid as long as it does not change: a few hundred bytes each."""
MAX_WINDOW = 32 * 1024 * 1024
"""Bytes that a decoder may take for a listing: xz -7 needs 17 MiB. A file that needs more is listed without times."""
MAX_STEPS = 64
"""Chunks of one file that are decompressed: an archive may hold many empty members before its first line."""

_Identity = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Ends:
    """The times and formats found at the ends of one file.

    Attributes:
        judgement: on its times.
        oldest: the earliest time, in nanoseconds since the epoch; None if no time was found.
        newest: the latest time; None also for a compressed file, whose end cannot be read without all of it.
        compressed: whether the file is compressed, by its content.
    """

    judgement: Judgement = field(default_factory=Judgement)
    oldest: int | None = None
    newest: int | None = None
    compressed: bool = False


class Lister:
    """Reads the ends of logs, and caches them as long as files do not change; threads may share it.

    Args:
        kept: files in the cache.
        read: `os.pread`, or its stand-in.
    """

    def __init__(self, *, kept: int = KEPT, read: Read = os.pread) -> None:
        self._kept = kept
        self._read = read
        self._seen: OrderedDict[_Identity, Ends] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, host: str, log: Log, zone: tzinfo) -> ListedLog:
        """Return a log with its times; opens at most twice `MAX_TRIED` of its files, and blocks.

        A file that cannot be read is listed with a message that says why. Whether a file is compressed is decided by
        its content if it was opened, else by its name.

        Args:
            zone: time zone of times that name none.
        """
        compressed: dict[str, bool] = {}
        try:
            first = self._first_with_lines(log.generations, zone, compressed)
            last = self._first_with_lines(log.generations[::-1], zone, compressed)
        except Failure as failure:
            return replace(unlooked(host, log, zone, failure.message), generations=_files(log, compressed))
        judgements = (first.judgement, last.judgement)
        timed = any(each.trusted for each in judgements) if first.judgement.lines else None
        counts = Counter(first.judgement.formats) + Counter(last.judgement.formats)
        names = tuple(name for name, _ in counts.most_common())
        message = UNTIMED if timed is False else ""
        files = _files(log, compressed)
        return ListedLog(host, log.name, files, last.oldest, first.newest, names, str(zone), timed, message)

    def _first_with_lines(self, generations: Sequence[Generation], zone: tzinfo, compressed: dict[str, bool]) -> Ends:
        for generation in generations[:MAX_TRIED]:
            ends = self.ends(generation, zone)
            compressed[generation.name] = ends.compressed
            if ends.judgement.lines:
                return ends
        return Ends()

    def ends(self, generation: Generation, zone: tzinfo) -> Ends:
        """Return what the ends of one file say; opens the file, and blocks.

        Raises:
            Failure: when the file cannot be read.
        """
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
        head, modified = self._read(descriptor, FORM_BYTES, 0), status.st_mtime_ns
        kind = compression_of(head[:HEAD])
        if kind is not None:
            text = _cut(self._decompressed(descriptor, generation.name, kind))
            ends = replace(_of_text(text, zone, modified), newest=None, compressed=True)
        elif text := self._decoded(descriptor, status.st_size, head):
            ends = _of_text(text, zone, modified)
        else:
            reader = Reader(descriptor, generation.name, read=self._read)
            begin = nuls_before(descriptor, status.st_size, self._read) if head.startswith(b"\0") else 0
            ends = _of_file(FileTimes(reader, zone, modified, begin=begin))
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

    def _decoded(self, descriptor: int, size: int, head: bytes) -> bytes:
        """Return both ends of a text in UTF-16 or UTF-32, in UTF-8; nothing if it is no such text."""
        begin = aligned(nuls_before(descriptor, size, self._read)) if head.startswith(b"\0") else 0
        encoding = encoding_of(self._read(descriptor, FORM_BYTES, begin) if begin else head)
        if encoding is None:
            return b""
        first = without_lead(in_utf8(self._read(descriptor, 2 * SAMPLE, begin), encoding))
        if begin + 2 * SAMPLE >= size:
            return first
        # The second part most likely begins within a line, which is dropped.
        tail = aligned(size - SAMPLE)
        return _cut(first) + in_utf8(self._read(descriptor, size - tail, tail), encoding).partition(b"\n")[2]

    def _decompressed(self, descriptor: int, name: str, kind: Compression) -> bytes:
        """Return the first `SAMPLE` bytes of a compressed file's text, or fewer if damage comes first."""
        decompression = Decompression(descriptor, name, kind, chunk=SAMPLE, window=MAX_WINDOW, read=self._read)
        text = b""
        for chunk in islice(decompression.chunks(), MAX_STEPS):
            text += chunk
            text = text[aligned(len(text) - len(text.lstrip(b"\0"))) :]
            if len(text) >= SAMPLE:
                break
        return without_lead(in_utf8(text[:SAMPLE], encoding_of(text[:FORM_BYTES])))


def unlooked(host: str, log: Log, zone: tzinfo, message: str) -> ListedLog:
    """Return a log that could not be read, with a message that says why."""
    return ListedLog(host, log.name, _files(log, {}), zone=str(zone), message=message)


def sorted_out(logs: Iterable[Log]) -> tuple[list[Log], list[Failure]]:
    """Return the logs that were found, and a failure for everything that could not be reached."""
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


def _files(log: Log, compressed: Mapping[str, bool]) -> tuple[ListedFile, ...]:
    return tuple(
        ListedFile(each.name, each.size, each.modified, compressed.get(each.name, each.compressed))
        for each in log.generations
    )


def _cut(text: bytes) -> bytes:
    """Return the text without its last line, which may be cut; a text of a single line is returned unchanged."""
    return text[: text.rfind(b"\n") + 1] or text


def _of_file(times: FileTimes) -> Ends:
    found = [time for time in (times.first, times.last) if time is not None]
    return Ends(times.judgement, min(found, default=None), max(found, default=None))


def _of_text(text: bytes, zone: tzinfo, modified: int) -> Ends:
    heads = heads_of(text)
    judgement = judged(heads, zone, modified)
    stamps = Stamper(zone, modified, judgement).stamps([head.text for head in heads.between(0, heads.size)])
    found = [time for time in stamps if time is not None] if judgement.trusted else []
    return Ends(judgement, min(found, default=None), max(found, default=None))
