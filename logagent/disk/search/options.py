"""The settings by which the files of one log are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from logagent.core.times.named_formats import NamedFormat
from logagent.disk.archives.archive import KEPT
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Read
from logagent.disk.files.page_cache import SPARED, LeavingReads
from logagent.disk.files.read_ahead import Announce, announce
from logagent.disk.search.known_times import KnownTimes
from logagent.disk.times.known_judgements import KnownJudgements

LIFE_BYTES = 32 * 1024 * 1024
"""Bytes read after which a batch is sent even if it is empty (8 ms in the page cache, 300 ms on a slow disk): a sign of
life, and a chance for other queries to get the thread."""
COUNTED = 4
"""How much larger than others the blocks are whose matches are counted: 1 MiB, a fifth less work for a word on 5 %."""
COMPRESSION_RATIO = 8
"""Estimated bytes of text for each byte of an archive, to announce how much will be scanned. Logs are compressed to a
fifth (gzip) or a fifteenth (xz, zstd); the true size is known only once the whole archive is decompressed."""


def _do_nothing(descriptor: int) -> None:
    """Do nothing: the page cache is the kernel's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How the files of one log are read.

    Attributes:
        host: host that the lines come from.
        zone: time zone of times that name none.
        named: the format of time that was named for the log; None: none was.
        max_line: bytes; longer lines are matched whole, but cut when they are sent.
        sizes: of the blocks that are read, in bytes, see `Reader`.
        life_bytes: bytes read after which a batch is sent even if it is empty.
        kept: bytes of an archive's blocks that may be held in memory.
        alone: whether no other log of this host is asked for.
        read: `os.pread`, or a substitute in tests.
        announce: tells the kernel which part of a file is read next.
        begin: called with the descriptor of a file that is about to be read.
        finish: called with the descriptor of a file that is not read on.
        leaves_from: bytes of a log's files from which on the page cache is left as it was; None: never.
        known_times: the times of files that earlier queries read with the same zone and named format.
        known_judgements: what they found out about the times of files.
    """

    host: str
    zone: tzinfo
    named: NamedFormat | None = None
    max_line: int = MAX_LINE
    sizes: tuple[int, ...] = BLOCK_SIZES
    life_bytes: int = LIFE_BYTES
    kept: int = KEPT
    alone: bool = False
    read: Read = os.pread
    announce: Announce = announce
    begin: Callable[[int], None] = _do_nothing
    finish: Callable[[int], None] = _do_nothing
    leaves_from: int | None = None
    known_times: KnownTimes = field(default_factory=KnownTimes)
    known_judgements: KnownJudgements = field(default_factory=KnownJudgements)

    def for_files(self, files: Sequence[Generation]) -> ReadOptions:
        """Return the options by which these files of a log are read: so large ones leave the page cache as it was."""
        if self.leaves_from is None or self.read is not os.pread or sum(file.size for file in files) < self.leaves_from:
            return self
        leaving = LeavingReads(SPARED if self.leaves_from else 0)
        return replace(self, read=leaving.read, announce=leaving.announce, begin=leaving.begin, finish=leaving.finish)


def expected_size(file: Generation) -> int:
    """Return the size of a file's text in bytes; of an archive, an estimate."""
    return file.size * COMPRESSION_RATIO if file.compressed else file.size
