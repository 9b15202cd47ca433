"""Which file systems tell of writes: those whose every write goes through this kernel."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

TELLING = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "f2fs", "zfs", "bcachefs", "vfat"})
"""File systems on which inotify(7) sees each write. Not among them: those of a network, whose other hosts write unseen;
FUSE; and overlays, where a file of a lower layer becomes another one when it is first written to."""
MOUNTS = Path("/proc/self/mountinfo")

_LINE = re.compile(r"[0-9]+ [0-9]+ ([0-9]+):([0-9]+) .* - (\S+) ")


def devices(mountinfo: str) -> dict[int, str]:
    """The type of the file system on each device, from the text of /proc/self/mountinfo (proc(5))."""
    found = (_LINE.match(line) for line in mountinfo.splitlines())
    return {os.makedev(int(match[1]), int(match[2])): match[3] for match in found if match}


class Mounts:
    """Knows the file systems that are mounted, and looks again when it meets one that it does not know."""

    def __init__(self, path: Path = MOUNTS) -> None:
        self._path = path
        self._devices: Mapping[int, str] = {}

    def notifies(self, device: int) -> bool:
        """Whether the kernel tells of writes on the file system of that number (`st_dev`)."""
        if device not in self._devices:
            try:
                self._devices = devices(self._path.read_text("utf-8", "replace"))
            except OSError:
                return False
        return self._devices.get(device) in TELLING
