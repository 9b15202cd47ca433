"""Links to logs: where they lead within all served roots, and which generations lie beside their targets."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.found_files import Budget, FoundFile
from logagent.disk.catalog.glob_search import GlobSearch
from logagent.disk.catalog.globs import literally
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.logs import InRoot, place_in_log
from logagent.disk.catalog.rotated_names import rotation
from logagent.disk.files.beneath import Beneath, Root, failure_of, require_regular
from logagent.disk.files.walk import components, path_parts

MAX_CROSSINGS = 8
"""Links out of a root that are followed for one name: more is a circle, most likely."""


class OpenRoot(NamedTuple):
    """A served root that is open during one question.

    Attributes:
        number: its place among the served roots, counted from 0.
        live: names of live files that were seen in it.
    """

    number: int
    root: Root
    beneath: Beneath
    live: LiveNames


def look(roots: Sequence[OpenRoot], start: OpenRoot, name: str) -> InRoot:
    """Return the file that a name in one root leads to, in that root or by links in another served one.

    Each link that leads out of a root is read there, and its target is looked for by its path in the other roots, which
    keep it below themselves in turn; nothing outside of them is touched.

    Raises:
        OSError: as `Beneath.resolve` does, EXDEV for a link out of all roots.
    """
    here, inside = start, name
    for crossings in range(MAX_CROSSINGS):
        try:
            return _found(here, inside, name, crossed=crossings > 0)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        here, inside = _beyond(roots, here, inside)
    raise OSError(errno.ELOOP, "too many links between roots")


def arrive(roots: Sequence[OpenRoot], start: OpenRoot, name: str) -> tuple[OpenRoot, FoundFile]:
    """Return the root and the file or directory there that a name leads to which leads out of its own root.

    Raises:
        OSError: as `look` does.
    """
    here, inside = start, name
    for _ in range(MAX_CROSSINGS):
        try:
            with here.beneath.resolve(inside) if inside else here.beneath.directory("") as place:
                return here, FoundFile(name, place.resolved or inside, place.status, linked=True)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        here, inside = _beyond(roots, here, inside)
    raise OSError(errno.ELOOP, "too many links between roots")


def failure_of_look(error: OSError, name: str) -> Failure:
    """Return what an error of `look` means to those who asked for `name`."""
    if error.errno == errno.EXDEV:
        return Failure(Status.PERMISSION_DENIED, f"leads out of the served roots: {name}")
    return failure_of(error, name)


def missing_target(roots: Sequence[OpenRoot], start: OpenRoot, name: str) -> tuple[OpenRoot, str] | None:
    """Return where a link leads to whose target is missing: the root and the name in it; None if it is no such link.

    In the middle of a rotation a link to a log leads nowhere.
    """
    here, inside = start, name
    for crossings in range(MAX_CROSSINGS):
        if not inside or here.beneath.hides(inside):  # a root itself is not missing
            return None
        try:
            parts = components(inside)
            _require_shown(here, inside)
            target = path_parts(_target(here, parts))
        except OSError as error:
            return (here, inside) if crossings and error.errno == errno.ENOENT else None
        holding = next(_holding(roots, target), None)
        if holding is None:
            return None
        here, inside = holding
    return None


def beside_target(place: OpenRoot, name: str, target: str, budget: Budget) -> Generator[None, None, list[FoundFile]]:
    """Return the generations that lie beside the target of a link to a log, as generations of the link.

    Yields every now and then.

    A link to a generation has those of its log if it leads to the newest, and no live file is there.

    Args:
        place: the root of the target.
        name: of the link.
        target: name of the target in its root, with every link resolved if it is there.

    Raises:
        Failure: RESOURCE_EXHAUSTED, when the budget is spent.
    """
    generation = rotation(target, ())
    log = generation.log if generation else target
    search = GlobSearch(place.beneath, budget, place.live, rotated=True)
    yield from search.steps([literally(log)])
    others = [found for found in search.found if found.rotation]
    if generation and (len(others) < len(search.found) or _newest(others) != target):
        return []
    return [found._replace(rotation=of._replace(log=name)) for found in others if (of := found.rotation)]


def _newest(files: Sequence[FoundFile]) -> str | None:
    return min(files, key=place_in_log).resolved if files else None


def _found(here: OpenRoot, inside: str, name: str, *, crossed: bool) -> InRoot:
    with here.beneath.resolve(inside, file=True) as place:
        require_regular(place.status)
        # A root that is a single file has no name below itself.
        resolved = place.resolved or inside
        linked = crossed or (resolved != inside and _is_link(here.beneath, inside))
        return InRoot(here.number, here.root, FoundFile(name, resolved, place.status, linked=linked))


def _is_link(beneath: Beneath, name: str) -> bool:
    directory, _, own = name.rpartition("/")
    with beneath.resolve(directory) if directory else beneath.directory("") as parent:
        return stat.S_ISLNK(os.stat(own, dir_fd=parent.descriptor, follow_symlinks=False).st_mode)


def _require_shown(here: OpenRoot, name: str) -> None:
    """Raise `OSError` as for a missing name where there is no file, or link to one, for whoever asks."""
    if here.beneath.shows is not None:
        directory, _, own = name.rpartition("/")
        with here.beneath.resolve(directory) if directory else here.beneath.directory("") as parent:
            status = os.stat(own, dir_fd=parent.descriptor, follow_symlinks=False)
        if not here.beneath.is_shown(name, status):
            raise FileNotFoundError(errno.ENOENT, "not shown")


def _beyond(roots: Sequence[OpenRoot], here: OpenRoot, name: str) -> tuple[OpenRoot, str]:
    """Return the root, and the name in it, that a name leads to which leads out of its own root."""
    parts = components(name)
    for count in range(1, len(parts) + 1):
        try:
            with here.beneath.resolve("/".join(parts[:count])):
                pass
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            path = [*path_parts(_target(here, parts[:count])), *parts[count:]]
            return next(_holding(roots, path), None) or _refuse()
    raise OSError(errno.ENOENT, "the link was replaced")


def _target(here: OpenRoot, parts: Sequence[str]) -> str:
    """Return the absolute path that the target of a link spells."""
    directory = "/".join(parts[:-1])
    with here.beneath.resolve(directory) if directory else here.beneath.directory("") as parent:
        target = os.readlink(parts[-1], dir_fd=parent.descriptor)
        return os.path.normpath(os.path.join(os.path.realpath(here.root.path), parent.resolved, target))  # noqa: PTH118


def _holding(roots: Sequence[OpenRoot], path: list[str]) -> Iterator[tuple[OpenRoot, str]]:
    for one in roots:
        for spelling in (str(one.root.path), os.path.realpath(one.root.path)):
            root = path_parts(spelling)
            if path[: len(root)] == root and (path == root or not one.beneath.is_file):
                yield one, "/".join(path[len(root) :]) or (one.root.path.name if one.beneath.is_file else "")


def _refuse() -> tuple[OpenRoot, str]:
    raise OSError(errno.EXDEV, "a link leads out of the served roots")
