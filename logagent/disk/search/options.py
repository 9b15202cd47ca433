"""The settings by which the files of one log are read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import tzinfo

from logagent.disk.archives.archive import KEPT
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Read
from logagent.disk.search.known_times import Spans

LIFE_BYTES = 32 * 1024 * 1024
"""Bytes read after which a batch is sent on even if it is empty (8 ms in the page cache, 300 ms on a slow disk): a sign
of life, and the moment for others who wait for a thread."""
PACKED_RATIO = 8
"""Bytes of text for each byte of an archive: a guess, to plan by. Logs are packed to a fifth (gzip) or a fifteenth (xz,
zstd); how much it is shows only once all of it is unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the files of one log are read.

    host: which the lines come from. zone: of times that state none. max_line: longer lines are matched whole, but sent
    cut to so many bytes. kept: bytes of an archive's blocks that may be held. sizes, life_bytes, read: see `Reader` and
    `Scan`. spans: what is known of files from before.
    """

    host: str
    zone: tzinfo
    max_line: int = MAX_LINE
    sizes: tuple[int, ...] = BLOCK_SIZES
    life_bytes: int = LIFE_BYTES
    kept: int = KEPT
    read: Read = os.pread
    spans: Spans = field(default_factory=Spans)


def expected(file: Generation) -> int:
    """Bytes of a file's text, as far as can be told beforehand."""
    return file.size * PACKED_RATIO if file.compressed else file.size
