"""The file of a log that a search has open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from logagent.disk.catalog.logs import Generation
from logagent.disk.files.shared_descriptor import SharedDescriptor
from logagent.disk.search.scan_setup import FileScan


class OpenFile:
    """One open file of a search: its descriptor, and the scan that reads it.

    Args:
        begin: called with its descriptor once it is open.

    Attributes:
        descriptor: shared with a thread that may still read when the search is abandoned.
        begun: its scan, None until the file is open.
        fingerprint: of its first bytes; 0 until the file is open.
    """

    def __init__(self, file: Generation, begin: Callable[[int], None]) -> None:
        self.file = file
        self.descriptor = SharedDescriptor(partial(_opened, file, begin))
        self.begun: FileScan | None = None
        self.fingerprint = 0

    @property
    def scanned(self) -> int:
        """Bytes of its text scanned; of an archive, also skipped blocks, since they were decompressed."""
        if self.begun is None:
            return 0
        return self.begun.scan.scanned if self.begun.archive is None else self.begun.archive.bytes_read

    @property
    def decompressing_ns(self) -> int:
        """Nanoseconds spent in decoders."""
        return 0 if self.begun is None or self.begun.archive is None else self.begun.archive.decompressing_ns

    def give_up(self) -> None:
        """Close it, now or when the thread that still reads it is done, and let go of what is read ahead."""
        self.descriptor.give_up()
        if self.begun is not None:
            self.begun.scan.close()


def _opened(file: Generation, begin: Callable[[int], None]) -> int:
    descriptor = file.open()
    begin(descriptor)
    return descriptor
