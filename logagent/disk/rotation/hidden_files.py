"""Whether a file that is held open still has a name that is there for whoever follows its log.

A file that is renamed stays open. If its new name is hidden, or lies outside of the roots, what is written to it
afterwards is not read. What it held before is: its size is taken before its name is looked at.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence

from logagent.disk.catalog.logs import Generation
from logagent.disk.catalog.presence import Presence
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.held_files import HeldFiles


def note_presence(files: HeldFiles, presence: Presence, find: Callable[[], Sequence[Generation]]) -> None:
    """Note which open files have a name that is there, and if so, how much they hold; reads the disk.

    A file that was deleted is what it was before.

    Args:
        files: of the log.
        presence: tells what is there.
        find: lists the files of the log.
    """
    if presence.is_partial:
        for file in files.open_newest_first():
            _note(file, presence, find)


def _note(file: GrowingFile, presence: Presence, find: Callable[[], Sequence[Generation]]) -> None:
    assert file.watched is not None
    status = os.fstat(file.watched)
    if status.st_nlink:
        file.hidden = not (presence.has(file.watched) or (not file.hidden and _is_listed(file, find)))
    if not file.hidden:
        file.shown_to = status.st_size
    elif file.shown_to == math.inf:
        file.shown_to = file.searched
    file.deleted |= file.hidden


def _is_listed(file: GrowingFile, find: Callable[[], Sequence[Generation]]) -> bool:
    """Return whether a file of the log is this one: it has several names, or another machine renamed it."""
    return any(one.identity == file.identity for one in find())
