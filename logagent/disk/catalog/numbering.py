"""Numbered files: whether they are generations of one log at all, and which of them is the newest.

A number says little: most programs count from the newest file, log4j2 from the oldest, and the virtual machine of Java
in circles; `screenlog.0` and `screenlog.1` are written at the same time. So what the files hold decides where the
modification times leave doubt: the first and the last times of their lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from itertools import pairwise

from logagent.core.outcome import Failure
from logagent.core.units import SECOND
from logagent.disk.catalog.ends import Ends, Lister
from logagent.disk.catalog.logs import InRoot, generation_of
from logagent.disk.catalog.rotated_names import has_compressed_name, uncompressed_name

MAX_OPENED = 64
"""Files of one log that are looked into; of a log with more, the modification times alone decide. What was seen is
remembered, but the first look costs an open and two reads each."""
CLEARLY = SECOND
"""Nanoseconds between the modification times of two files if they follow each other: copies are made faster."""
OVERLAP = 10
"""The part of the shorter of two files that may overlap with the other one: threads write a few lines out of order."""


def settled(files: Iterable[InRoot], lister: Lister) -> list[InRoot]:
    """Return files with the places in their logs that what they hold shows; reads some and blocks.

    Where names and modification times agree, no file is opened. A numbered file that is found to be a log of its own
    comes without a place.
    """
    others, groups = [], dict[tuple[int, str], list[InRoot]]()
    for file in files:
        place = file.found.rotation
        if place is not None and place.numbered:
            groups.setdefault((file.number, place.log), []).append(file)
        else:
            others.append(file)
    return others + [file for group in groups.values() for file in _placed(group, lister)]


def _placed(group: list[InRoot], lister: Lister) -> list[InRoot]:
    names = {file.found.name for file in group}
    copies = [file for file in group if uncompressed_name(file.found.name) in names - {file.found.name}]
    originals = sorted((file for file in group if file not in copies), key=_number)
    numbers = [_number(file) for file in originals]
    if len(originals) < 2 or len(set(numbers)) < len(numbers):
        return group
    lonely = not any(_live(file) or has_compressed_name(file.found.name) for file in originals)
    modified = [file.found.status.st_mtime_ns for file in originals]
    if not lonely and _falling(modified):
        return group
    ends = [_ends(file, lister) for file in originals] if len(originals) <= MAX_OPENED else []
    if lonely and not _follow_each_other(ends, modified):
        return [_alone(file) for file in group]
    newest_first = _by_times(ends, modified)
    if not newest_first:
        return group
    return copies + [_at(originals[index], number) for index, number in zip(newest_first, numbers, strict=True)]


def _by_times(ends: Sequence[Ends], modified: Sequence[int]) -> list[int]:
    """Return the indices of files newest first, if their times clearly contradict their numbers; else nothing."""
    firsts = [one.oldest for one in ends if one.oldest is not None]
    if len(firsts) == len(modified):
        if _falling(firsts):
            return []
        if _rising_in_circles(firsts):
            return sorted(range(len(firsts)), key=lambda index: -firsts[index])
    if _rising_in_circles(modified, CLEARLY):
        return sorted(range(len(modified)), key=lambda index: -modified[index])
    return []


def _follow_each_other(ends: Sequence[Ends], modified: Sequence[int]) -> bool:
    """Tell whether files without a live one beside them were written one after the other."""
    spans = [(one.oldest, one.oldest if one.newest is None else one.newest) for one in ends if one.oldest is not None]
    if len(spans) < len(modified) or len(set(spans)) == 1:
        return _falling(modified) or _falling(modified[::-1])
    firsts = [first for first, _ in spans]
    apart = all(
        after[0] >= before[1] - min(before[1] - before[0], after[1] - after[0]) // OVERLAP
        for before, after in pairwise(sorted(spans))
    )
    return apart and (_falling(firsts) or _rising_in_circles(firsts))


def _falling(times: Sequence[int]) -> bool:
    return all(one > other for one, other in pairwise(times))


def _rising_in_circles(times: Sequence[int], gap: int = 1) -> bool:
    """Tell whether times rise, or would if some at the end stood at the beginning."""
    oldest = min(range(len(times)), key=times.__getitem__)
    turned = [*times[oldest:], *times[:oldest]]
    return all(later - earlier >= gap for earlier, later in pairwise(turned))


def _ends(file: InRoot, lister: Lister) -> Ends:
    try:
        # Times are compared among themselves only: the zone of those that name none does not matter.
        return lister.ends(generation_of(file), UTC)
    except Failure:
        return Ends(0)


def _number(file: InRoot) -> int:
    return file.found.rotation.rank[1] if file.found.rotation else 0


def _live(file: InRoot) -> bool:
    return file.found.rotation is not None and file.found.rotation.live


def _at(file: InRoot, number: int) -> InRoot:
    place = file.found.rotation
    return file._replace(found=file.found._replace(rotation=place and place.at(number)))


def _alone(file: InRoot) -> InRoot:
    return file._replace(found=file.found._replace(rotation=None))
