"""How far files were read that a followed log has left, so that nothing comes twice when it comes back to one of them.

A log leaves its file for one in another directory where a link on its way is switched, and comes back to it where the
link is switched back, or where a volume that was unmounted is mounted again.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable

from logagent.core.cursor import FINGERPRINT_BYTES
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.known_part import ReadPart

MAX_LEFT = 100
"""Files of one log that are remembered after they were closed, some 200 bytes each: more than the releases of a program
that are kept beside one another."""


class LeftFiles:
    """The files that a log has left, and how far each was read."""

    def __init__(self) -> None:
        self._parts: OrderedDict[tuple[int, int], ReadPart] = OrderedDict()

    def note(self, file: GrowingFile) -> None:
        """Remember how far a file was read that is not kept any more."""
        if file.fingerprint:
            self._parts[file.identity] = file.read_part
            self._parts.move_to_end(file.identity)
            if len(self._parts) > MAX_LEFT:
                self._parts.popitem(last=False)

    def continue_in(self, file: GrowingFile, held: Iterable[GrowingFile]) -> GrowingFile | None:
        """Have a file that was just opened begin where it was left, if it was read before; reads the disk.

        Args:
            held: the files that are kept, oldest first.

        Returns:
            The kept file that continues in it, if there is one.
        """
        for other in reversed([one for one in held if one is not file and one.fingerprint]):
            if _is_continued(other.read_part, file):
                _continue(file, other.read_part)
                return other
        part = next((part for part in reversed(self._parts.values()) if _is_continued(part, file)), None)
        if part is not None:
            _continue(file, part)
        return None


def _continue(file: GrowingFile, part: ReadPart) -> None:
    assert file.descriptor is not None
    file.continue_at(min(part.whole, os.fstat(file.descriptor).st_size))


def _is_continued(part: ReadPart, file: GrowingFile) -> bool:
    """Return whether a file holds what was read.

    A device may have another number after it was mounted again. A file with another inode is a copy, and told by its
    beginning alone only if that is long: the first lines of many programs are the same each time.
    """
    same_inode = part.identity[1] == file.identity[1]
    if file.descriptor is None or not file.is_of(part.fingerprint):
        return False
    if not same_inode and part.fingerprint >> 32 < FINGERPRINT_BYTES:
        return False
    begin = part.searched - len(part.trail)
    return os.pread(file.descriptor, len(part.trail), begin) == part.trail
