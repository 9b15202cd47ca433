"""A log and its generations, and the grouping of found files into logs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.found_files import STEP, FoundFile
from logagent.disk.catalog.rotated_names import LIVE, Order, Rotation, has_compressed_name, uncompressed_name
from logagent.disk.files.beneath import Root, failure_of

MAX_GENERATIONS = 1000
"""Generations of one log that are read: three years of daily files, or six weeks of hourly ones. Each costs memory, and
one open."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One file of a log, or a stand-in for a file that could not be reached.

    Attributes:
        name: as asked for or matched, relative to its root, with `/`; begins as the name of its log does.
        resolved: the name with every link resolved; rules about files apply to this name.
        size: bytes.
        modified: nanoseconds since the epoch.
        open: returns a descriptor for reading that the caller closes. It only ever opens the regular file `resolved`
            below the root, even if links have changed since; raises `Failure`.
        root: absolute path of the served root that the file was found in; None if it could not be reached.
        compressed: whether it is compressed, to judge by its name; only its content is certain.
        identity: device and inode; None if they are not known.
        prefix: what of its name stands before its name below the root: `ROOT:`, or nothing.
        readable: whether this process may read it, as far as that was looked at.
        met: absolute path of the root below which it has its name, if that is another one than `root`.
        back: how many nanoseconds old its lines may be for whoever asks; None: as old as they are.
    """

    name: str
    resolved: str
    size: int
    modified: int
    open: Callable[[], int]
    root: Path | None = None
    compressed: bool = False
    identity: tuple[int, int] | None = None
    prefix: str = ""
    readable: bool = True
    met: Path | None = None
    back: int | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """A log that was found, or a name that could not be reached.

    A name that could not be reached is a log of one generation, whose `open` raises the reason. Its `name` is the name
    asked for, or the last component of a root's path; a directory's and a root's end with `/`.

    Attributes:
        generations: newest first, at least one, all in one root. The first is the live file, which has the log's name,
            unless it is missing during a rotation, or the program writes into dated files from the beginning. The
            others lie in its directory, or, if it is a link, in that of its target.
        named: whether it was asked for by its exact name, or by that of one of its files; else a glob met it.
        asked: `ROOT:NAME`, which always finds this log alone; empty if it could not be reached. It is the log's name if
            several roots have a file of that name.
        root_length: how many characters of `asked` stand for the root.
    """

    name: str
    generations: tuple[Generation, ...]
    named: bool = True
    asked: str = ""
    root_length: int = 0

    @property
    def size(self) -> int:
        """Bytes of all generations on the disk."""
        return sum(generation.size for generation in self.generations)

    @property
    def modified(self) -> int:
        """When its newest generation was modified: nanoseconds since the epoch."""
        return self.generations[0].modified

    @property
    def back(self) -> int | None:
        """How many nanoseconds old its lines may be for whoever asks; None: as old as they are."""
        return min((file.back for file in self.generations if file.back is not None), default=None)

    @property
    def root(self) -> Path | None:
        """The absolute path of the root that it was found in; None if it could not be reached."""
        return self.generations[0].root

    @property
    def other_name(self) -> str:
        """The other one of its names: `asked`, or `asked` without the root; empty if it could not be reached."""
        return self.asked[self.root_length :] if self.name == self.asked else self.asked

    def called(self, name: str) -> Log:
        """Return the log, and its files, with a name that is its own or its other one."""
        if name == self.name:
            return self
        prefix = self.asked[: self.root_length] if name == self.asked else ""
        files = [replace(file, name=prefix + file.name[len(file.prefix) :], prefix=prefix) for file in self.generations]
        return replace(self, name=name, generations=tuple(files))


class InRoot(NamedTuple):
    """A file that was found, and its root.

    Attributes:
        number: the place of the root among the served roots, counted from 0.
        named: whether it was found by its exact name, or by that of its log, not by a glob.
        below: the number and the root below which it has its name, if links lead from there to another root.
    """

    number: int
    root: Root
    found: FoundFile
    named: bool = False
    below: tuple[int, Root] | None = None

    @property
    def met(self) -> tuple[int, Root]:
        """The number and the root below which it has its name."""
        return self.below or (self.number, self.root)

    @property
    def back(self) -> int | None:
        """How many nanoseconds old its lines may be for whoever asks, by all its names; None: as old as they are."""
        if self.root.shows is None:
            return None
        names = [(self.root, self.found.resolved), (self.met[1], self.found.name), (self.met[1], self.found.log)]
        backs = (root.shows.back(name) for root, name in names if root.shows is not None)
        return min((back for back in backs if back is not None), default=None)


class Group:
    """The files of one log, before the log is made of them.

    Attributes:
        name: of the log.
        root: the number of the root in which it has its name.
        files: of the log, in no order.
        named: whether it was asked for by its exact name, or by that of one of its files.
        modified: when any of its files was modified last: nanoseconds since the epoch.
    """

    __slots__ = ("files", "modified", "name", "named", "root")

    def __init__(self, name: str, root: int) -> None:
        self.name = name
        self.root = root
        self.files: list[InRoot] = []
        self.named = False
        self.modified = 0

    def add(self, file: InRoot) -> None:
        """Add one of its files."""
        self.files.append(file)
        self.named |= file.named
        self.modified = max(self.modified, file.found.status.st_mtime_ns)

    def logs(self, *, several: bool) -> Iterator[Log]:
        """Yield the log, and one that reports that its oldest files are left out, if there are too many.

        Args:
            several: whether other roots have a file of its name, so that it is called `ROOT:NAME`.
        """
        yield from _logs(self.name, self.files, several=several)


def grouped(files: Iterable[InRoot]) -> Generator[None, None, list[Group]]:
    """Return the logs that files belong to, each file in one of them; yields every now and then.

    Args:
        files: each once.
    """
    groups: dict[tuple[str, int], Group] = {}
    for number, file in enumerate(files):
        if number % STEP == STEP - 1:
            yield
        place = file.found.log, file.met[0]
        if (group := groups.get(place)) is None:
            group = groups[place] = Group(*place)
        group.add(file)
    return list(groups.values())


def refusal(name: str, failure: Failure) -> Log:
    """Return a log that stands for a name that could not be reached."""
    return Log(name, (Generation(name, name, 0, 0, partial(_refuse, failure.status, failure.message)),))


def _refuse(status: Status, message: str) -> int:
    raise Failure(status, message)


def each_once(files: Iterable[InRoot]) -> Collection[InRoot]:
    """Return each file once, by the name that holds no link, or else by one of the others, always the same.

    A file that lies in several roots, as one root may lie within another, has the name that it has in the first.
    """
    once: dict[tuple[int, str], InRoot] = {}
    roots: dict[tuple[int, int], int] = {}
    for file in sorted(files, key=_by_preference):
        status = file.found.status
        if status.st_ino and roots.setdefault((status.st_dev, status.st_ino), file.number) != file.number:
            continue
        place = file.number, file.found.resolved
        known = once.setdefault(place, file)
        once[place] = known._replace(named=known.named or file.named)
    return once.values()


def _by_preference(file: InRoot) -> tuple[bool, int, bool, str]:
    return file.below is not None, file.number, file.found.name != file.found.resolved, file.found.name


def _logs(name: str, files: list[InRoot], *, several: bool) -> Iterator[Log]:
    if len(files) > 1:
        files = sorted(_without_copies(files), key=lambda file: place_in_log(file.found))
    named = any(file.named for file in files)
    root = f"{files[0].met[1].name}:"
    log = Log(name, tuple(map(generation_of, files[:MAX_GENERATIONS])), named, root + name, len(root))
    yield log.called(log.asked) if several else log
    if len(files) > MAX_GENERATIONS:
        message = f"{name} has {len(files)} generations, more than {MAX_GENERATIONS}: the oldest are left out"
        yield refusal(name, Failure(Status.RESOURCE_EXHAUSTED, message))


def _without_copies(files: list[InRoot]) -> Iterator[InRoot]:
    """Leave out the compressed copy of a generation that is also there uncompressed: its lines would come twice."""
    rotated = {file.found.name for file in files if file.found.rotation is not None}
    for file in files:
        name = file.found.name
        if not (name in rotated and has_compressed_name(name) and uncompressed_name(name) in rotated):
            yield file


def place_in_log(found: FoundFile) -> tuple[Order, str]:
    """Return a key that sorts the files of one log newest first."""
    place = found.rotation or Rotation(found.name, LIVE)
    return place.order(found.status.st_mtime_ns), found.name


def generation_of(file: InRoot) -> Generation:
    """Return a file that was found as a generation of its log."""
    found = file.found
    return Generation(
        found.name,
        found.resolved,
        found.status.st_size,
        found.status.st_mtime_ns,
        partial(_open, file.root, found),
        file.root.path,
        has_compressed_name(found.name) or has_compressed_name(found.resolved),
        (found.status.st_dev, found.status.st_ino),
        readable=found.readable,
        met=file.below[1].path if file.below is not None else None,
        back=file.back,
    )


def _open(root: Root, found: FoundFile) -> int:
    try:
        with root.enter() as beneath:
            return beneath.open_file(found.resolved)
    except OSError as error:
        raise failure_of(error, found.name) from error
