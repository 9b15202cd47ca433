"""The progress of a search in one log, and the part of it that no batch has reported yet."""

from __future__ import annotations

from dataclasses import replace

from logagent.core.batch import Batch, Position
from logagent.core.notes import Note
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.search.open_file import OpenFile
from logagent.disk.search.options import expected_size


class SearchProgress:
    """Counts the bytes that were scanned, and keeps the position from which a later query continues.

    Args:
        host: host that the log is on.
        log: name of the log.
        whole: whether a position is wanted even if all files of the log are empty.
    """

    def __init__(self, host: str, log: str, *, whole: bool) -> None:
        self._host = host
        self._log = log
        self._whole = whole
        self._planned = self._scanned = self._decompressing = self._told_scanned = 0
        self._reached: int | None = None
        self._left = 0, 0  # fingerprint of the last file that was closed, and the offset that was reached in it
        self._position: Position | None = None
        self._told_position: Position | None = None
        self._told_notes: tuple[Note, ...] = ()

    def plan(self, size: int) -> None:
        """Add bytes of text that are going to be scanned."""
        self._planned += size

    def reach(self, offset: int) -> None:
        """Note the offset up to which the open file is scanned."""
        self._reached = offset

    def leave(self, opened: OpenFile) -> None:
        """Count a file that is closed, whether it was fully read or not."""
        self._scanned += opened.scanned
        self._decompressing += opened.decompressing_ns
        self._planned += max(0, opened.scanned - expected_size(opened.file))
        if opened.begun is not None and _is_text(opened.fingerprint):
            self._left = opened.fingerprint, opened.begun.reached

    def note_position(self, builder: BatchBuilder) -> None:
        """Note the position that the log has once all collected lines are sent."""
        if self._reached is None:
            return
        fingerprint, offset = builder.reached(self._reached)
        if not _is_text(fingerprint):
            fingerprint, offset = self._left
        if _is_text(fingerprint) or self._whole:
            self._position = Position(self._host, self._log, fingerprint, offset)

    def tell(self, batch: Batch, under_way: OpenFile | None, notes: tuple[Note, ...]) -> Batch:
        """Return the batch with the progress since the last one.

        This is bytes scanned and planned, a changed position, and the notes so far if they have changed.
        """
        scanned = self.scanned(under_way)
        told, self._told_scanned = self._told_scanned, scanned
        planned, self._planned = self._planned, 0
        told_position, self._told_position = self._told_position, self._position
        is_news = self._position is not None and self._position != told_position
        positions = (self._position,) if is_news and self._position is not None else ()
        told_notes, self._told_notes = self._told_notes, notes
        news = notes if notes != told_notes else ()
        return replace(batch, scanned=scanned - told, planned=planned, positions=positions, notes=news)

    def scanned(self, under_way: OpenFile | None) -> int:
        """Return the bytes of text scanned in all files."""
        return self._scanned + (under_way.scanned if under_way is not None else 0)

    def decompressing_ns(self, under_way: OpenFile | None) -> int:
        """Return the nanoseconds spent in decoders for all files."""
        return self._decompressing + (under_way.decompressing_ns if under_way is not None else 0)


def _is_text(fingerprint: int) -> bool:
    """Return whether a fingerprint is of a file that is not empty: empty files cannot be told apart."""
    return bool(fingerprint >> 32)
