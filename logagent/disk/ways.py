"""What a log is read from, and how: its files as they were found, and the settings of reading."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from logagent.disk.archives.archive import KEPT
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Read
from logagent.disk.scan import LIFE_BYTES
from logagent.disk.spans import Spans

PACKED_RATIO = 8
"""Bytes of text for each byte of an archive: a guess, to plan by. Logs are packed to a fifth (gzip) or a fifteenth (xz,
zstd); how much it is shows only once all of it is unpacked."""


class File(Protocol):
    """A file of a log.

    name: below its root. size, modified, identity: bytes, nanoseconds since the epoch, and device and inode (None: not
    known), as they were when it was found. packed: compressed, to judge by its name.
    open: gives a descriptor of a regular file, open for reading, which the caller closes; may raise `Failure`.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> int: ...

    @property
    def open(self) -> Callable[[], int]: ...

    @property
    def packed(self) -> bool: ...

    @property
    def identity(self) -> tuple[int, int] | None: ...


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


def expected(file: File) -> int:
    """Bytes of a file's text, as far as can be told beforehand."""
    return file.size * PACKED_RATIO if file.packed else file.size
