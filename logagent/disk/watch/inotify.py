"""One instance of inotify(7), and who wants to be told by it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import trio
from asyncinotify import Event, Inotify, Mask
from asyncinotify import Watch as KernelWatch

PORTION = 256
"""Events taken between two checkpoints: some milliseconds. The kernel's queue holds 16,384 (max_queued_events)."""
READ = 32
"""Events with the longest names that one read has room for, about 9 KB: some 500 of those that have none."""

WRITES = Mask.MODIFY
"""To a file, by whatever name, and its being cut short."""
NAMES = Mask.CREATE | Mask.MOVED_TO | Mask.MOVED_FROM | Mask.DELETE | Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.ONLYDIR
"""Of a directory: those that come, go or change, and its own end."""
_ENDS = Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.UNMOUNT | Mask.IGNORED
"""After these the kernel has no more to tell, or tells of a directory that is no longer where it was looked for."""

Watcher = TypeVar("Watcher")
"""Whoever wants to be told: hashable, and different from every other."""


def opened() -> Inotify:
    """An instance that never blocks. Raises `OSError` where no more can be had."""
    return Inotify(cache_size=READ, sync_timeout=0)


class Kernel(Generic[Watcher]):
    """One inotify instance: its watches, each with those who want to be woken."""

    def __init__(self, inotify: Inotify) -> None:
        self._inotify = inotify
        self._watched: dict[int, tuple[KernelWatch, dict[Watcher, None]]] = {}
        self._numbers: dict[Watcher, int] = {}
        self._may_hold_more = False

    def add(self, watch: Watcher, path: Path, mask: Mask) -> None:
        """Have `watch` woken for `path`. Raises `OSError`."""
        # For a file or directory that is watched already the kernel gives the same number. Each is watched with one
        # mask only, for none is both.
        kept = self._inotify.add_watch(path, mask)
        self._watched.setdefault(kept.wd, (kept, {}))[1][watch] = None
        self._numbers[watch] = kept.wd

    def remove(self, watch: Watcher) -> None:
        """Wake it no more. With the last who watches, the kernel's watch goes."""
        number = self._numbers.pop(watch, None)
        if number is None:
            return
        watches = self._watched[number][1]
        del watches[watch]
        if not watches:
            self._unwatch(number)

    async def readable(self) -> None:
        """Until there may be events. A checkpoint always."""
        if self._may_hold_more:
            await trio.lowlevel.checkpoint()
        else:
            await trio.lowlevel.wait_readable(self._inotify.fd)

    def take(self) -> tuple[list[Watcher], list[Watcher]]:
        """A portion of the events: those to be woken, each once, and those of them whom the kernel tells no more."""
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
        # Among the events that were lost may be one that said that a directory is gone: it would never wake again.
        return {number for number, (kept, _) in self._watched.items() if kept.mask == NAMES}

    def _portion(self) -> list[Event]:
        events: list[Event] = []
        while len(events) < PORTION and (event := self._inotify.sync_get()) is not None:
            events.append(event)
        # The library reads ahead: what it holds does not make the descriptor readable.
        self._may_hold_more = len(events) == PORTION
        return events

    def _watching(self, number: int) -> list[Watcher]:
        # None for a number whose last watch was closed: the kernel gives a number out again only after 2**31 others.
        return list(self._watched[number][1]) if number in self._watched else []

    def _unwatch(self, number: int) -> list[Watcher]:
        """Those who watched there. The kernel's watch goes."""
        if number not in self._watched:
            return []
        kept, watches = self._watched.pop(number)
        for watch in watches:
            del self._numbers[watch]
        with suppress(OSError):  # EINVAL: the kernel has removed it by itself
            self._inotify.rm_watch(kept)
        return list(watches)

    def close(self) -> list[Watcher]:
        """Give everything back to the kernel. Returns those who were watching."""
        ended = list(self._numbers)
        self._watched.clear()
        self._numbers.clear()
        self._inotify.close()
        return ended
