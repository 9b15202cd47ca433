"""The times and formats at the ends of one file."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import NamedTuple

from logagent.core.outcome import Failure
from logagent.core.times.alike import alike_times, instant_of_text
from logagent.core.times.judgement import Judgement
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.stampers import stamper_for
from logagent.disk.archives.compression import HEAD, compression_of
from logagent.disk.catalog.logs import Generation
from logagent.disk.catalog.rotated_names import has_compressed_name
from logagent.disk.catalog.sampled_text import sampled_text
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.blocks import Read
from logagent.disk.files.reader import Reader
from logagent.disk.files.text_form import FORM_BYTES, nuls_before
from logagent.disk.times.heads import Heads, heads_of
from logagent.disk.times.sampling import FEW, judged, judged_whole
from logagent.disk.times.stamping import GLANCE, FileTimes

KEPT = 20_000
"""Files in the cache, of each what it said in its last state: a few hundred bytes each; as many as a listing has."""
SMALL = GLANCE
"""Bytes of a file that is looked at as a whole at once, if its lines all begin with a time alike."""


class _Looked(NamedTuple):
    """A file in one of its states, as it was looked at.

    Attributes:
        zone: of times that name none.
        named: the format of time that was named for it; None: none was.
        size: in bytes.
        modified: when it was last written to, in nanoseconds since the epoch.
    """

    device: int
    inode: int
    zone: str
    named: NamedFormat | None
    size: int
    modified: int

    @property
    def file(self) -> tuple[int, int, str, NamedFormat | None]:
        """What is the same in each of its states, so that a file that grows is in the cache once."""
        return self[:4]

    @property
    def state(self) -> tuple[int, int]:
        """What tells its states apart."""
        return self[4:]


@dataclass(frozen=True, slots=True)
class Ends:
    """The times and formats found at the ends of one file.

    Attributes:
        judgement: on its times.
        oldest: the earliest time, in nanoseconds since the epoch; None if no time was found.
        newest: the latest time; None also for a compressed file, whose end cannot be read without all of it.
        compressed: whether the file is compressed, by its content.
        loss: how an archive is damaged that has no line before the damage; empty: it is not.
        is_whole: whether all lines were looked at, so that none is later than `newest`.
    """

    judgement: Judgement = field(default_factory=Judgement)
    oldest: int | None = None
    newest: int | None = None
    compressed: bool = False
    loss: str = ""
    is_whole: bool = False


class Lister:
    """Reads the ends of files, and caches them as long as they do not change; threads may share it.

    Args:
        kept: files in the cache.
        read: `os.pread`, or its stand-in.
    """

    def __init__(self, *, kept: int = KEPT, read: Read = os.pread) -> None:
        self._kept = kept
        self._read = read
        self._seen: OrderedDict[tuple[int, int, str, NamedFormat | None], tuple[tuple[int, int], Ends]] = OrderedDict()
        self._lock = threading.Lock()

    def ends(
        self, generation: Generation, zone: tzinfo, named: NamedFormat | None = None, *, opened: bool = True
    ) -> Ends:
        """Return what the ends of one file say; blocks.

        Args:
            zone: time zone of times that name none.
            named: the format of time that was named for the file, if one was.
            opened: whether the file is opened in any case; if not, what is in the cache holds if it was found unchanged
                and readable.

        Raises:
            Failure: when the file cannot be read.
        """
        if not opened and (known := self.known(generation, zone, named)) is not None:
            return known
        descriptor = generation.open()
        try:
            status = os.fstat(descriptor)
            looked = _Looked(status.st_dev, status.st_ino, str(zone), named, status.st_size, status.st_mtime_ns)
            return self._remembered(looked) or self._look(descriptor, generation, status, zone, looked)
        except OSError as error:
            raise failure_of(error, generation.name) from error
        finally:
            os.close(descriptor)

    def _look(
        self, descriptor: int, generation: Generation, status: os.stat_result, zone: tzinfo, looked: _Looked
    ) -> Ends:
        head, modified, named, loss = self._read(descriptor, SMALL, 0), status.st_mtime_ns, looked.named, ""
        if named is None and len(head) == status.st_size and not generation.compressed:
            known = _of_small(head)
            if known is not None:
                return self._remember(looked, known)
        head = head[:FORM_BYTES]
        try:
            text, compressed = sampled_text(
                descriptor, generation.name, head, self._read, archived=generation.compressed
            )
        except Failure as damage:
            text, compressed, loss = b"", compression_of(head[:HEAD]) is not None, damage.message
        if loss or compressed:
            ends = replace(_of_text(text, zone, modified, named), newest=None, compressed=compressed, loss=loss)
        elif text:
            ends = _of_text(text, zone, modified, named)
        else:
            reader = Reader(descriptor, generation.name, read=self._read)
            begin = nuls_before(descriptor, status.st_size, self._read) if head.startswith(b"\0") else 0
            ends = _of_file(FileTimes(reader, zone, modified, begin=begin, named=named))
        return self._remember(looked, ends)

    def _remember(self, looked: _Looked, ends: Ends) -> Ends:
        with self._lock:
            self._seen[looked.file] = looked.state, ends
            self._seen.move_to_end(looked.file)
            while len(self._seen) > self._kept:
                self._seen.popitem(last=False)
        return ends

    def known(self, file: Generation, zone: tzinfo, named: NamedFormat | None = None) -> Ends | None:
        """Return what the ends of a file said that was found unchanged and readable; None if that is not known."""
        if file.identity is None or not file.readable:
            return None
        return self._remembered(_Looked(*file.identity, str(zone), named, file.size, file.modified))

    def _remembered(self, looked: _Looked) -> Ends | None:
        with self._lock:
            state, ends = self._seen.get(looked.file, (None, None))
            if state != looked.state:
                return None
            self._seen.move_to_end(looked.file)
            return ends

    def heads(self, descriptor: int, name: str) -> tuple[Heads, bool]:
        """Return the heads of a file's lines, and whether it is plain; else they are those of its first lines alone.

        Args:
            descriptor: of the file, open for reading; stays the caller's.
            name: of the file, for messages.

        Raises:
            Failure: when its text is damaged.
            OSError: when it cannot be read.
        """
        head = self._read(descriptor, FORM_BYTES, 0)
        text, compressed = sampled_text(descriptor, name, head, self._read, archived=has_compressed_name(name))
        if compressed or text:
            return heads_of(text), False
        reader = Reader(descriptor, name, read=self._read)
        return Heads(reader.read, reader.size, nuls_before(descriptor, reader.size, self._read)), True


def _of_small(text: bytes) -> Ends | None:
    """Return what a small file says, if its lines all begin with a time alike; None: it takes a closer look."""
    lines = text.removesuffix(b"\n").split(b"\n")
    times = alike_times(lines) if len(lines) <= FEW else []
    if not times:
        return None
    return Ends(judged_whole(times), instant_of_text(min(times)), instant_of_text(max(times)), is_whole=True)


def _of_file(times: FileTimes) -> Ends:
    found = [time for time in (times.first, times.last) if time is not None]
    return Ends(times.judgement, min(found, default=None), max(found, default=None))


def _of_text(text: bytes, zone: tzinfo, modified: int, named: NamedFormat | None) -> Ends:
    heads = heads_of(text)
    judgement = judged(heads, zone, modified, named)
    stamps = stamper_for(zone, modified, judgement).stamps([head.text for head in heads.between(0, heads.size)])
    found = [time for time in stamps if time is not None] if judgement.trusted else []
    return Ends(judgement, min(found, default=None), max(found, default=None))
