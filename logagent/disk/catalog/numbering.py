"""Numbered files: whether they are generations of one log at all, and which of them is the newest.

A number says little: most programs count from the newest file, log4j2 from the oldest, and the virtual machine of Java
in circles; `screenlog.0` and `screenlog.1` are written at the same time. So what the files hold decides where the
modification times leave doubt: the first and the last times of their lines.

In the middle of a rotation a log has no live file. Its numbered files must not be taken for logs of their own at such a
moment, or a follow would begin with each of them anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from datetime import UTC
from functools import partial
from itertools import pairwise

from logagent.core.outcome import Failure, Status
from logagent.core.times.named_formats import FormatRules, NamedFormat
from logagent.core.units import MILLISECOND, SECOND
from logagent.disk.catalog.ends import Ends, Lister
from logagent.disk.catalog.format_names import names_of
from logagent.disk.catalog.identity import Replaced, inode_of, require_same
from logagent.disk.catalog.logs import Generation, InRoot, generation_of
from logagent.disk.catalog.rotated_names import has_compressed_name, uncompressed_name

MAX_OPENED = 64
"""Files of one log that are looked into; of a log with more, the modification times alone decide. What was seen is
remembered, but the first look costs an open and two reads each."""
CLEARLY = SECOND
"""Nanoseconds between the modification times of two files if they follow each other: copies are made faster. Lines may
also be so much out of order where a program goes on to its next file."""
OVERLAP = 10
"""The part of the shorter of two files that may overlap with the other one: threads write a few lines out of order."""
JUST_RENAMED = 500 * MILLISECOND
"""Nanoseconds since a file was renamed in which more renames are expected: a rotation takes milliseconds."""

Clock = Callable[[], int]
"""Returns the nanoseconds since the epoch, by the clock that dates changes of files."""


class Numbering:
    """Judges the numbered files of each log; threads may share it.

    Args:
        lister: reads the first and the last times of files.
        now: the clock.
        formats: the formats of time that were named.
    """

    def __init__(self, lister: Lister, now: Clock, formats: FormatRules) -> None:
        self._lister = lister
        self._formats = formats
        self._now = now

    def judged(self, files: Iterable[InRoot]) -> Generator[None, None, list[InRoot]]:
        """Return files with the places in their logs that what they hold shows; reads some and blocks.

        Yields every now and then.

        Where names and modification times agree, no file is opened. A numbered file that is found to be a log of its
        own comes without a place.
        """
        others, groups = [], dict[tuple[int, str], list[InRoot]]()
        for file in files:
            place = file.found.rotation
            if place is not None and place.numbered:
                groups.setdefault((file.number, place.log), []).append(file)
            else:
                others.append(file)
        placed: list[InRoot] = []
        for group in groups.values():
            yield
            placed += self._placed(group)
        return [_among_numbered(file, placed) for file in others] + placed

    def _placed(self, group: list[InRoot]) -> list[InRoot]:
        names = {file.found.name for file in group}
        copies = [file for file in group if uncompressed_name(file.found.name) in names - {file.found.name}]
        originals = sorted((file for file in group if file not in copies), key=_number)
        numbers = [_number(file) for file in originals]
        rotates = any(_live(file) or has_compressed_name(file.found.name) for file in originals)
        modified = [file.found.status.st_mtime_ns for file in originals]
        if len(originals) < 2 or len(set(numbers)) < len(numbers) or (rotates and _falling(modified)):
            return group
        try:
            ends = [self._ends(file) for file in originals] if len(originals) <= MAX_OPENED else []
        except Replaced:
            return group
        if not rotates and _are_concurrent(ends, modified) and self._are_settled(group):
            return [_alone(file) for file in group]
        newest_first = _by_times(ends, modified)
        if not newest_first:
            return group
        return copies + [_at(originals[index], number) for index, number in zip(newest_first, numbers, strict=True)]

    def _ends(self, file: InRoot) -> Ends:
        """Return the times of a file; none if it cannot be read.

        Raises:
            Replaced: when another file has its name by now.
        """
        found = generation_of(file)
        try:
            # Times are compared among themselves only: the zone of those that name none does not matter.
            same, named = replace(found, open=partial(_open_same, found)), self._named_for(found)
            return self._lister.ends(same, UTC, named)
        except Failure as failure:
            if failure.status is Status.NOT_FOUND:
                raise Replaced from failure
            return Ends()

    def _named_for(self, found: Generation) -> NamedFormat | None:
        return self._formats.named_for(names_of(found)) if self._formats else None

    def _are_settled(self, group: Sequence[InRoot]) -> bool:
        """Return whether the files were most likely not listed in the middle of a rotation.

        A rename changes the time of the inode's change, and not that of modification. A file that was renamed while
        files were listed may be found under both its names.
        """
        found = [file.found.status for file in group]
        inodes = {(status.st_dev, status.st_ino) for status in found}
        renamed = max((one.st_ctime_ns for one in found if one.st_ctime_ns > one.st_mtime_ns), default=0)
        return len(inodes) == len(group) and self._now() - renamed >= JUST_RENAMED


def _by_times(ends: Sequence[Ends], modified: Sequence[int]) -> list[int]:
    """Return the indices of files newest first, if their times clearly contradict their numbers; else nothing."""
    firsts = [one.oldest for one in ends if one.oldest is not None]
    if len(firsts) == len(modified):
        if _falling(firsts):
            return []
        if _rising_in_circles(firsts):
            return sorted(range(len(firsts)), key=lambda index: -firsts[index])
        both = list(zip(firsts, modified, strict=True))
        if firsts[0] < firsts[-1] and both == sorted(both):
            return list(range(len(firsts)))[::-1]
    if _rising_in_circles(modified, CLEARLY):
        return sorted(range(len(modified)), key=lambda index: -modified[index])
    return []


def _are_concurrent(ends: Sequence[Ends], modified: Sequence[int]) -> bool:
    """Return whether times show that files are no generations of one log.

    The times of lines show it if many files overlap, or if neither the numbers rise with the times nor fall. Without
    such times, files that were modified together do not look rotated.
    """
    spans = [(one.oldest, one.oldest if one.newest is None else one.newest) for one in ends if one.oldest is not None]
    if len(set(spans)) < 2:
        return max(modified) - min(modified) < CLEARLY
    ordered = sorted(spans)
    overlapping = sum(_overlap(one, other) for one, other in pairwise(ordered))
    firsts = [first for first, _ in spans]
    in_order = _falling(firsts, 0) or _rising_in_circles(firsts, 0)
    return 2 * overlapping >= len(spans) - 1 or not in_order


def _overlap(earlier: tuple[int, int], later: tuple[int, int]) -> bool:
    shorter = min(earlier[1] - earlier[0], later[1] - later[0])
    return earlier[1] - later[0] > max(CLEARLY, shorter // OVERLAP)


def _falling(times: Sequence[int], gap: int = 1) -> bool:
    return all(one - other >= gap for one, other in pairwise(times))


def _rising_in_circles(times: Sequence[int], gap: int = 1) -> bool:
    """Return whether times rise, or would if some at the end stood at the beginning."""
    oldest = min(range(len(times)), key=times.__getitem__)
    turned = [*times[oldest:], *times[:oldest]]
    return all(later - earlier >= gap for earlier, later in pairwise(turned))


def _among_numbered(file: InRoot, numbered: Iterable[InRoot]) -> InRoot:
    """Return a file with its place among the numbered ones of its log, by its time of modification, if it is a backup.

    logrotate renames what is in its way to `app.log-2026112810.backup`: neither the newest file nor the oldest.
    """
    place, found = file.found.rotation, file.found
    if place is None or not found.name.endswith(".backup"):
        return file
    beside = [other for other in numbered if _log_of(other) == (file.number, place.log)]
    if not beside:
        return file
    newer = [_number(other) for other in beside if other.found.status.st_mtime_ns >= found.status.st_mtime_ns]
    return file._replace(found=found._replace(rotation=place.behind(max(newer, default=-1))))


def _log_of(file: InRoot) -> tuple[int, str]:
    return file.number, file.found.rotation.log if file.found.rotation is not None else ""


def _open_same(file: Generation) -> int:
    descriptor = file.open()
    try:
        require_same(file, inode_of(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _number(file: InRoot) -> int:
    return file.found.rotation.rank[1] if file.found.rotation else 0


def _live(file: InRoot) -> bool:
    return file.found.rotation is not None and file.found.rotation.live


def _at(file: InRoot, number: int) -> InRoot:
    place = file.found.rotation
    return file._replace(found=file.found._replace(rotation=place and place.at(number)))


def _alone(file: InRoot) -> InRoot:
    return file._replace(found=file.found._replace(rotation=None))
