"""One instance of inotify(7), shared by all watchers of files and directories."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import trio
from asyncinotify import Event, Inotify, Mask
from asyncinotify import Watch as KernelWatch

PORTION = 256
"""Events taken between two checkpoints: some milliseconds of work. The kernel's queue holds 16,384 events."""
READ = 32
"""Events with the longest names that one read has room for, about 9 KB; it holds some 500 without a name."""

WRITES = Mask.MODIFY
"""Events of a file: writes, by whatever name it has, and truncation."""
NAMES = Mask.CREATE | Mask.MOVED_TO | Mask.MOVED_FROM | Mask.DELETE | Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.ONLYDIR
"""Events of a directory: names that are added, removed or renamed, and the directory's own deletion or move."""
_ENDS = Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.UNMOUNT | Mask.IGNORED
"""Events after which the kernel reports nothing more, or reports on a directory that now has another path."""

Watcher = TypeVar("Watcher")
"""An object to be woken: hashable, and unequal to all others."""


def opened() -> Inotify:
    """Open an instance that never blocks.

    Raises:
        OSError: when the system allows no more.
    """
    return Inotify(cache_size=READ, sync_timeout=0)


class KernelWatches(Generic[Watcher]):
    """The kernel's watches of one inotify instance, each with the watchers to wake."""

    def __init__(self, inotify: Inotify) -> None:
        self._inotify = inotify
        self._watched: dict[int, tuple[KernelWatch, dict[Watcher, None]]] = {}
        self._numbers: dict[Watcher, int] = {}
        self._may_hold_more = False

    def add(self, watch: Watcher, path: Path, mask: Mask) -> None:
        """Watch `path` for `watch`.

        Raises:
            OSError: when the kernel refuses.
        """
        # For a file or directory that is watched already the kernel gives the same number. Its mask is the same too:
        # files have one, and directories another.
        kept = self._inotify.add_watch(path, mask)
        self._watched.setdefault(kept.wd, (kept, {}))[1][watch] = None
        self._numbers[watch] = kept.wd

    def remove(self, watch: Watcher) -> None:
        """Stop waking `watch`; the kernel's watch is removed with its last watcher."""
        number = self._numbers.pop(watch, None)
        if number is None:
            return
        watches = self._watched[number][1]
        del watches[watch]
        if not watches:
            self._unwatch(number)

    async def readable(self) -> None:
        """Wait until there may be events; always a checkpoint."""
        if self._may_hold_more:
            await trio.lowlevel.checkpoint()
        else:
            await trio.lowlevel.wait_readable(self._inotify.fd)

    def take(self) -> tuple[list[Watcher], list[Watcher]]:
        """Take a portion of the events.

        Returns:
            The watchers to wake, each once; and those of them for whom the kernel reports nothing more.
        """
        events = self._portion()
        numbers = dict.fromkeys(event.watch.wd for event in events if event.watch is not None)
        ending = {event.watch.wd for event in events if event.watch is not None and event.mask & _ENDS}
        if any(event.mask & Mask.Q_OVERFLOW for event in events):
            numbers = dict.fromkeys(self._watched)
            ending |= self._directories()
        woken = [watch for number in numbers for watch in self._watching(number)]
        ended = [watch for number in numbers if number in ending for watch in self._unwatch(number)]
        return woken, ended

    def _directories(self) -> set[int]:
        # A lost event may have reported that a directory is gone: its watch would never wake again.
        return {number for number, (kept, _) in self._watched.items() if kept.mask == NAMES}

    def _portion(self) -> list[Event]:
        events: list[Event] = []
        while len(events) < PORTION and (event := self._inotify.sync_get()) is not None:
            events.append(event)
        # The library reads ahead: the events that it holds do not make the descriptor readable.
        self._may_hold_more = len(events) == PORTION
        return events

    def _watching(self, number: int) -> list[Watcher]:
        # A number without watchers was closed; the kernel reuses a number only after 2**31 others.
        return list(self._watched[number][1]) if number in self._watched else []

    def _unwatch(self, number: int) -> list[Watcher]:
        """Remove the kernel's watch, and return its watchers."""
        if number not in self._watched:
            return []
        kept, watches = self._watched.pop(number)
        for watch in watches:
            del self._numbers[watch]
        with suppress(OSError):  # EINVAL: the kernel has removed it by itself
            self._inotify.rm_watch(kept)
        return list(watches)

    def close(self) -> list[Watcher]:
        """Close the instance, and return all watchers."""
        ended = list(self._numbers)
        self._watched.clear()
        self._numbers.clear()
        self._inotify.close()
        return ended
