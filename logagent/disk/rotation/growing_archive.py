"""A compressed file that is followed: what is appended to it is decompressed, and what it held before is not."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator

from logagent.core.batch import BATCH_BYTES
from logagent.core.cursor import FINGERPRINT_BYTES
from logagent.core.outcome import Failure
from logagent.disk.archives.compressed_bytes import CUT_OFF
from logagent.disk.archives.compression import CONTAINERS, HEAD, UNREAD, Compression, compression_of
from logagent.disk.archives.decoding import Decompression, head_of, read_up_to
from logagent.disk.files.blocks import MAX_LINE, UNKNOWN
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.files.text_form import FORM_BYTES, binary_form, encoding_of
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.known_part import ReadPart

STEP = 32 * 1024 * 1024
"""Bytes of text decompressed in one look; then others have their turn."""
AHEAD = 8 * 1024 * 1024
"""Bytes of text that are decompressed ahead of the followers, and so held in memory, at most; a chunk may be more."""
AGAIN = 0.05
"""Seconds until it is looked again whether the followers have read on."""
REST = 10
"""How many times as long as the last pass took it is waited until the next: a file to which something was appended is
decompressed from its beginning, which is to take a tenth of a thread at most."""


class GrowingArchive(GrowingFile):
    """One compressed file of a followed log.

    Its offsets are those of its text, which lies in memory from `lines.begin` on. That is where the text ends that it
    held when it was opened, which nobody knows before something is appended to it. Until then `UNKNOWN` and its size in
    bytes stand for that place.

    Args:
        descriptor: of the file; `close` closes it.
        kind: how it is compressed.
        held: bytes of the file that hold the text before the first line to be followed.
    """

    def __init__(self, name: str, descriptor: int, kind: Compression, held: int, *, max_line: int = MAX_LINE) -> None:
        super().__init__(name, descriptor, max_line=max_line)
        self.descriptor = os.memfd_create(name.rpartition("/")[2][:200])
        self.loss: Failure | None = None
        self.size = 0
        self._archive: int | None = descriptor
        self._kind = kind
        self._held = held
        self._seen = held
        self._grown = held == 0
        self._pass: Iterator[None] | None = None
        self._rest_until = self._spent = 0.0  # seconds
        self._stepped = 0  # bytes of text since the last step ended
        self._first = os.pread(descriptor, FORM_BYTES, 0)

    @property
    def watched(self) -> int | None:
        """The descriptor whose writes are reported."""
        return self._archive

    @property
    def end(self) -> int:
        """Where its last whole line ends."""
        return self.whole if self._grown else UNKNOWN + self._held

    @property
    def exhausted(self) -> bool:
        """Whether all that it held at the last look was decompressed."""
        return self._pass is None

    @property
    def spent(self) -> bool:
        """Whether it is hidden, and all that it held before was decompressed."""
        return self.hidden and self._pass is None and self._seen >= self.shown_to

    @property
    def read_part(self) -> ReadPart:
        """How far it was read."""
        return super().read_part._replace(whole=self.end)

    def place_in_text(self, offset: int) -> int:
        """Return an offset in the text for one of `end`, as soon as it is known."""
        if offset >= UNKNOWN:
            return self.lines.begin if self._grown else offset
        return max(offset, self.lines.begin)

    def note_head(self) -> bool:
        """Note the first bytes of its text; return whether there are any."""
        assert self._archive is not None
        self._head = head_of(self._archive, FINGERPRINT_BYTES)
        return self._head != b""

    def is_intact(self) -> bool:
        """Return whether it begins with the same bytes, and has not shrunk."""
        if self._archive is None:
            return True
        return os.pread(self._archive, len(self._first), 0) == self._first and self._size_now() >= self._seen

    def _size_now(self) -> int:
        assert self._archive is not None
        return os.fstat(self._archive).st_size

    @property
    def _read_to(self) -> int:
        """Offset in the text up to which all followers have read it."""
        return self.place_in_text(self.read_up_to) if self._grown else self.lines.begin

    def look(self, now: float, most: int = STEP) -> bool:
        """Decompress what was appended, a step of it; return whether there is more."""
        if self.frozen or self.spent or self._archive is None:
            return False
        status = os.fstat(self._archive)
        self.modified, self.deleted = status.st_mtime_ns, self.hidden or status.st_nlink == 0
        if not self.is_intact():
            raise Overwritten
        if self._pass is None:
            size = int(min(status.st_size, self.shown_to))
            grown = size != self._seen and self.loss is None
            self.due = self._rest_until if grown else math.inf
            if not grown or now < self._rest_until:
                return False
            self._pass = self._unpacked(size, now)
        self.due = now + AGAIN
        if self.searched - self._read_to > AHEAD:
            return False
        self._free_what_was_read()
        return self._go_on(now)

    def _go_on(self, now: float) -> bool:
        assert self._pass is not None
        began, before = time.perf_counter(), self.searched
        if next(self._pass, self) is self:
            self._pass = None
        self._spent += time.perf_counter() - began
        self.size = self.searched
        if self.searched > before:
            self.grew = now
        if self._pass is None:
            self._rest_until, self._spent = now + REST * self._spent, 0.0
        return self._pass is not None

    def _unpacked(self, size: int, now: float) -> Iterator[None]:
        """Decompress its first bytes into memory, without the text that is known; give a None for each step."""
        assert self._archive is not None
        if not self._grown:
            held = 0
            for chunk in self._chunks(self._held):
                held += len(chunk)
                yield from self._steps(len(chunk))
            self.lines.begin_at(held)
            self.lines.begin, self.begun_at, self._grown = held, held, True
        at, pass_over = 0, self._chunks(size)
        for chunk in pass_over:
            self._take(chunk, at)
            at += len(chunk)
            yield from self._steps(len(chunk))
        self._seen = size

    def _steps(self, size: int) -> Iterator[None]:
        self._stepped += max(size, 1)
        if self._stepped >= STEP or self.searched - self._read_to > AHEAD:
            self._stepped = 0
            yield None

    def _chunks(self, size: int) -> Iterator[bytes]:
        assert self._archive is not None
        text = Decompression(self._archive, self.name, self._kind, chunk=BATCH_BYTES, read=read_up_to(size))
        yield from text.chunks()
        if text.loss is not None and not text.loss.message.endswith(CUT_OFF):
            self.loss = text.loss

    def _take(self, chunk: bytes, at: int) -> None:
        """Keep the part of a chunk that lies behind what was kept."""
        assert self.descriptor is not None
        new = chunk[max(0, self.searched - at) :]
        if new:
            os.pwrite(self.descriptor, new, self.searched)
            self._trail = (self._trail + new)[-64:]
            self.lines.append(new)

    def _free_what_was_read(self) -> None:
        """Put the unread text into a new file in memory, at the same offset, if much was read."""
        assert self.descriptor is not None
        begin = max(self.lines.begin, min(self._read_to, self.whole) - BATCH_BYTES)
        if begin - self.begun_at < AHEAD:
            return
        fresh = os.memfd_create("text")
        os.pwrite(fresh, os.pread(self.descriptor, self.searched - begin, begin), begin)
        os.close(self.descriptor)
        self.descriptor, self.begun_at = fresh, begin

    def close(self) -> None:
        """Close the file and its text; idempotent."""
        super().close()
        archive, self._archive = self._archive, None
        if archive is not None:
            os.close(archive)


def archive_of(file: GrowingFile, held: int | None = None) -> GrowingArchive | None:
    """Return a file as one that grows as an archive, if it is one whose text is bytes; else None.

    Args:
        file: not to be used any more if it is one.
        held: bytes of the file that hold the text before the first line to be followed; None: all of it.
    """
    assert file.descriptor is not None
    kind = compression_of(os.pread(file.descriptor, HEAD, 0))
    if kind is None or kind in UNREAD or kind in CONTAINERS:
        return None
    head = head_of(file.descriptor, FORM_BYTES)
    if encoding_of(head) is not None or binary_form(head) is not None:
        return None
    size = os.fstat(file.descriptor).st_size if held is None else held
    archive = GrowingArchive(file.name, file.descriptor, kind, size, max_line=file.lines.max_line)
    archive.identity, file.descriptor = file.identity, None
    archive.note_head()
    return archive
