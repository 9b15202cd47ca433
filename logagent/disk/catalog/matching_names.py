"""The names in one directory that globs match, with the generations of logs whose names they match."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import NamedTuple

from logagent.disk.catalog.found_files import STEP
from logagent.disk.catalog.globs import Glob, is_name, match_name, passed
from logagent.disk.catalog.rotated_names import Rotation, beginnings

PlaceOf = Callable[[str], Rotation | None]
"""Returns the place of a name in the log that it is a generation of, in its directory; None if it is none."""


class MatchingName(NamedTuple):
    """A name in a directory that some glob matches.

    Attributes:
        child: the name in the directory.
        name: as it goes into the names of files.
        left: the rests of the globs below it; the empty glob: it matches itself.
        rotation: its place in the log that it is a generation of; None if it is none.
        skipped: whether globs leave it out.
    """

    child: str
    name: str
    left: frozenset[Glob]
    rotation: Rotation | None
    skipped: bool


def left_of_each(
    listed: Mapping[str, bool], place_of: PlaceOf, globs: Sequence[Glob], *, rotated: bool
) -> Generator[None, None, dict[str, set[Glob]]]:
    """Return the names in a directory that some glob matches, each with the rests of these globs below it.

    Yields every now and then.

    Args:
        listed: the names in the directory, and whether each may be a directory.
        place_of: gives the place of each.
        globs: what is left of them in it.
        rotated: whether generations are found by the names of their logs.
    """
    matching: dict[str, set[Glob]] = {}
    for glob in globs:
        if is_name(glob[0]):
            matching.setdefault(glob[0].text, set()).add(glob[1:])
    patterns = [glob for glob in globs if not is_name(glob[0])]
    starts = ("",) if patterns else tuple(start for glob in globs for start in beginnings(glob[0].text))
    for number, (name, leads_on) in enumerate(listed.items()):
        if number % STEP == STEP - 1:
            yield
        if not name.startswith(starts):
            continue
        left = {rest for glob in patterns for rest in passed(glob, name, leads_on)}
        if (generation := place_of(name)) is not None:
            left -= set() if rotated or generation.doubtful else {()}
            left |= {()} if rotated and match_name(globs, generation.log) else set()
        if left:
            matching.setdefault(name, set()).update(left)
    return matching


def generation_among(place_of: PlaceOf, child: str, globs: Iterable[Glob], *, rotated: bool) -> Rotation | None:
    """Return the place of a name in the log that it is a generation of; None if it counts as no generation.

    Args:
        place_of: gives the place of each name in its directory.
        child: the name.
        globs: what is left of them in the directory.
        rotated: as for `left_of_each`.
    """
    of = place_of(child)
    return None if of and not rotated and (not of.doubtful or _names(globs, child)) else of


def _names(globs: Iterable[Glob], child: str) -> bool:
    return any(len(glob) == 1 and is_name(glob[0]) and glob[0].text == child for glob in globs)
