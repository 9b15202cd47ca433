"""The file systems on which the kernel reports all writes, known by their types in proc(5)'s mountinfo.

A file's mount is found by its descriptor (`mnt_id` in proc(5)'s fdinfo), not by its device: btrfs gives each subvolume
a device that no mount has, and asking for a device can hang if a server does not answer.
"""

from __future__ import annotations

import os
import re
import select
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

TELLING = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "ramfs", "reiserfs", "tmpfs", "xfs", "zfs"}
)
"""Types of file systems that only this kernel writes to: not those that other machines write to as well (nfs, cifs, 9p,
fuse), and not overlay, where the first write to a file of a lower layer creates another inode."""

MOUNTS = Path("/proc/self/mountinfo")
"""Lists the mounts that this process sees."""
ABOUT_DESCRIPTORS = Path("/proc/self/fdinfo")
"""Holds a file for each descriptor that names its mount."""

_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system.

    Attributes:
        number: the kernel's number for it.
        point: the directory where it is mounted.
        type: of the file system, such as `ext4` or `fuse.sshfs`.
    """

    number: int
    point: str
    type: str

    @property
    def tells(self) -> bool:
        """Whether the kernel reports all writes to it."""
        return self.type in TELLING


def parsed(text: str) -> list[Mount]:
    """Return the mounts of a mountinfo's text, in its order: a later mount hides an earlier one at the same point.

    Lines that are not as proc(5) describes them are left out: an unknown mount is not relied on.
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
    """Return the number of a descriptor's mount from the text of its fdinfo; None if it is not in there."""
    found = _MOUNT_ID.search(about)
    return int(found[1]) if found else None


class Mounts:
    """The mounts that this process sees, read again when the kernel says that they have changed; for any thread.

    Args:
        read: gives the text of mountinfo.
        changed: returns whether mounts were added or removed since its last call. Neither function accesses the mounted
            file systems, so that a file system that hangs blocks nothing.
    """

    def __init__(self, read: Callable[[], str], changed: Callable[[], bool]) -> None:
        self._read = read
        self._changed = changed
        self._known: dict[int, Mount] | None = None
        self._asking = Lock()  # Python refuses to poll in two threads at once; and the other would see what was before

    def tells(self, number: int) -> bool:
        """Return whether the kernel reports all writes on a mount; false if it is unknown or was detached."""
        mount = self._current().get(number)
        return mount is not None and mount.tells

    def tells_at(self, path: str) -> bool:
        """Return whether the kernel reports all writes at an absolute path; links in it are treated as directories."""
        over = [mount for mount in self._current().values() if _is_at_or_below(path, mount.point)]
        return bool(over) and max(over, key=lambda mount: len(mount.point)).tells

    def _current(self) -> dict[int, Mount]:
        with self._asking:
            # The kernel reuses the numbers of removed mounts, so the cache is dropped at every change.
            if self._changed() or self._known is None:
                # Of several mounts at one point the last is visible; `max` in `tells_at` takes the first of equals.
                self._known = {mount.number: mount for mount in reversed(parsed(self._read()))}
            return self._known


def _is_at_or_below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


class Proc:
    """Reads mountinfo; the descriptor that is polled for changes stays open from the first call on."""

    def __init__(self) -> None:
        self._poll: select.poll | None = None

    def read(self) -> str:
        """Return the text of mountinfo."""
        return os.fsdecode(MOUNTS.read_bytes())

    def changed(self) -> bool:
        """Return whether mounts were added or removed since the last call; false at the first."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(os.open(MOUNTS, os.O_RDONLY | os.O_CLOEXEC), select.POLLPRI)
        return bool(self._poll.poll(0))


_proc = Proc()
_mounts = Mounts(_proc.read, _proc.changed)


def notifies(descriptor: int) -> bool:
    """Return whether the kernel reports all writes to an open file or directory; false if /proc is absent.

    Does not access the file system of the file.
    """
    try:
        number = mount_number((ABOUT_DESCRIPTORS / str(descriptor)).read_text("ascii"))
        return number is not None and _mounts.tells(number)
    except OSError:
        return False


def notifies_at(path: Path) -> bool:
    """Guess whether the kernel reports all writes at a path that is not open; right if the path holds no link."""
    try:
        return _mounts.tells_at(str(path.absolute()))
    except OSError:
        return False
