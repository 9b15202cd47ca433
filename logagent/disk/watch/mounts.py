"""On which file systems the kernel tells of writes: by their types, from proc(5)'s mountinfo.

A file's mount is read off its descriptor (`mnt_id` in proc(5)'s fdinfo), not looked for by its device: btrfs gives each
subvolume a device that no mount has, and asking for a device can hang where a server does not answer.
"""

from __future__ import annotations

import os
import re
import select
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TELLING = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "ramfs", "reiserfs", "tmpfs", "xfs", "zfs"}
)
"""Types of file systems that nobody but this kernel writes to. Not of them are those that others write to as well (nfs,
cifs, 9p, fuse), and overlay, where the first write to a file of a lower layer makes another inode of it."""

MOUNTS = Path("/proc/self/mountinfo")
ABOUT_DESCRIPTORS = Path("/proc/self/fdinfo")

_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system at its place: the kernel's number for it, where it is mounted, and its type (`fuse.sshfs`)."""

    number: int
    point: str
    type: str

    @property
    def tells(self) -> bool:
        return self.type in TELLING


def parsed(text: str) -> list[Mount]:
    """The mounts of a mountinfo's text, in its order: a later one hides an earlier one at the same point.

    Lines that are not as proc(5) has them are left out: what is unknown is not counted on.
    """
    return [mount for line in text.splitlines() if (mount := _mount(line)) is not None]


def _mount(line: str) -> Mount | None:
    before, separator, after = line.partition(" - ")
    fields, kind = before.split(" "), after.split(" ")[0]
    if not separator or len(fields) < 6 or not fields[0].isdecimal() or not kind:
        return None
    return Mount(int(fields[0]), _unescaped(fields[4]), kind)


def _unescaped(field: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), field)


def mount_number(about: str) -> int | None:
    """The number of the mount that a descriptor lies on, from the text of its fdinfo; None if it does not say."""
    found = _MOUNT_ID.search(about)
    return int(found[1]) if found else None


class Mounts:
    """The mounts that this process sees, read again when the kernel says that they have changed.

    read: gives the text of mountinfo. changed: whether mounts came or went since it was called last. Neither touches
    the file systems themselves, so that one which hangs keeps nobody waiting.
    """

    def __init__(self, read: Callable[[], str], changed: Callable[[], bool]) -> None:
        self._read = read
        self._changed = changed
        self._known: dict[int, Mount] | None = None

    def tells(self, number: int) -> bool:
        """Whether the kernel tells of writes on that mount; not on one that is unknown or was detached."""
        mount = self._current().get(number)
        return mount is not None and mount.tells

    def tells_at(self, path: str) -> bool:
        """The same of the mount that an absolute path lies on to go by its words, whatever links it may hold."""
        over = [mount for mount in self._current().values() if _is_at_or_below(path, mount.point)]
        return bool(over) and max(over, key=lambda mount: len(mount.point)).tells

    def _current(self) -> dict[int, Mount]:
        # The numbers of mounts that are gone are given out again: what is known must not outlive a change.
        if self._changed() or self._known is None:
            # Of several at one point the last is seen, and the first of equals is taken.
            self._known = {mount.number: mount for mount in reversed(parsed(self._read()))}
        return self._known


def _is_at_or_below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


class Proc:
    """What proc(5) says of the mounts. Mountinfo stays open from the first question on, until the process ends."""

    def __init__(self) -> None:
        self._poll: select.poll | None = None

    def read(self) -> str:
        return os.fsdecode(MOUNTS.read_bytes())

    def changed(self) -> bool:
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(os.open(MOUNTS, os.O_RDONLY | os.O_CLOEXEC), select.POLLPRI)
        return bool(self._poll.poll(0))


_proc = Proc()
_mounts = Mounts(_proc.read, _proc.changed)


def notifies(descriptor: int) -> bool:
    """Whether the kernel tells of all writes to the file or directory that is open there; not where /proc is absent.

    Does not touch the file system that it lies on.
    """
    try:
        number = mount_number((ABOUT_DESCRIPTORS / str(descriptor)).read_text("ascii"))
        return number is not None and _mounts.tells(number)
    except OSError:
        return False


def notifies_at(path: Path) -> bool:
    """The same for a path, before anything is opened: of a path that leads through links it is no more than a guess."""
    try:
        return _mounts.tells_at(str(path.absolute()))
    except OSError:
        return False
