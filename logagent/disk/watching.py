"""Watching: having the kernel tell when files are written to and names come and go, and asking where it does not.

The kernel tells by inotify(7), whose descriptor becomes readable; what it cannot tell of is polled, by one task.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import trio
from asyncinotify import Event, Inotify, Mask

from logagent.disk.beneath import DESCRIPTORS
from logagent.disk.mounts import Mounts

POLL = 1.0
"""Seconds between two looks at what the kernel does not tell of: network file systems learn of writes hardly sooner."""
AT_ONCE = 200
"""Events dealt with before others have their turn."""

_WRITTEN = Mask.MODIFY
_NAMES = Mask.CREATE | Mask.MOVED_TO | Mask.MOVED_FROM | Mask.DELETE | Mask.DELETE_SELF | Mask.MOVE_SELF | Mask.ONLYDIR
_GONE = Mask.IGNORED | Mask.UNMOUNT | Mask.DELETE_SELF | Mask.MOVE_SELF
_REFUSED = "the kernel does not tell of changes (%s), so they are looked for every %g s; raise fs.inotify.max_user_%s"

_log = logging.getLogger(__name__)

Wake = Callable[[], None]
"""Called on the event loop when something changed, or may have. It must be quick."""


class Kernel(Protocol):
    """What is needed of `Inotify`."""

    @property
    def fd(self) -> int: ...

    def add_watch(self, path: os.PathLike[str], mask: Mask) -> KernelWatch: ...

    def rm_watch(self, watch: KernelWatch) -> None: ...

    def sync_get(self) -> Event | None: ...

    def close(self) -> None: ...


class KernelWatch(Protocol):
    """A watch of the kernel, by its number."""

    @property
    def wd(self) -> int: ...


class Watch:
    """One thing that is watched for one who asked. reached: whether the kernel tells of it; else it is polled."""

    def __init__(self, wake: Wake, watching: Watching, kernel_watch: KernelWatch | None) -> None:
        self.wake = wake
        self._watching = watching
        self.kernel_watch = kernel_watch

    @property
    def reached(self) -> bool:
        return self.kernel_watch is not None

    def close(self) -> None:
        """Watch it no more. To be called twice is harmless."""
        self._watching.forget(self)


def open_kernel() -> Kernel:
    """The kernel's notices, to be read without waiting. Raises `OSError` where there are too many already."""
    return Inotify(sync_timeout=0)  # type: ignore[return-value]  # its own class of watches


class Watching:
    """All that one agent watches. `run` is its one task.

    poll: seconds. notifies: whether the kernel tells of a file system, by its `st_dev`. kernel: opens its notices.
    """

    def __init__(
        self,
        *,
        poll: float = POLL,
        notifies: Callable[[int], bool] | None = None,
        kernel: Callable[[], Kernel] = open_kernel,
    ) -> None:
        self._poll = poll
        self._notifies = notifies or Mounts().notifies
        self._open_kernel = kernel
        self._kernel: Kernel | None = None
        self._told: dict[int, set[Watch]] = {}
        self._polled: set[Watch] = set()
        self._more_to_poll = trio.Event()
        self._complained: set[str] = set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Tell of changes until cancelled."""
        try:
            self._kernel = self._open_kernel()
        except OSError as error:
            self._complain(error, "instances")
        try:
            async with trio.open_nursery() as nursery:
                if self._kernel is not None:
                    nursery.start_soon(self._listen, self._kernel)
                nursery.start_soon(self._ask)
                task_status.started()
        finally:
            if self._kernel is not None:
                self._kernel.close()

    def file(self, descriptor: int, wake: Wake) -> Watch:
        """Tell of what is written to an open file, whatever its name becomes."""
        return self._add(DESCRIPTORS / str(descriptor), _WRITTEN, os.fstat(descriptor).st_dev, wake)

    def directory(self, path: Path, wake: Wake) -> Watch:
        """Tell of names that come, go and change in a directory; where there is none, it is asked again."""
        try:
            return self._add(path, _NAMES, path.stat().st_dev, wake)
        except OSError:
            return self._polling(Watch(wake, self, None))

    @property
    def watched(self) -> int:
        """How many watches of the kernel's there are."""
        return len(self._told)

    def forget(self, watch: Watch) -> None:
        """See `Watch.close`."""
        self._polled.discard(watch)
        kernel_watch, watch.kernel_watch = watch.kernel_watch, None
        if kernel_watch is None or self._kernel is None:
            return
        sharing = self._told.get(kernel_watch.wd, set())
        sharing.discard(watch)
        if not sharing and self._told.pop(kernel_watch.wd, None) is not None:
            try:
                self._kernel.rm_watch(kernel_watch)
            except OSError:
                return  # it went with its file, which the kernel is about to tell

    def _add(self, path: Path, mask: Mask, device: int, wake: Wake) -> Watch:
        watch = Watch(wake, self, None)
        if self._kernel is None or not self._notifies(device):
            return self._polling(watch)
        try:
            watch.kernel_watch = self._kernel.add_watch(path, mask)
        except OSError as error:
            self._complain(error, "watches")
            return self._polling(watch)
        self._told.setdefault(watch.kernel_watch.wd, set()).add(watch)
        return watch

    def _polling(self, watch: Watch) -> Watch:
        self._polled.add(watch)
        self._more_to_poll.set()
        return watch

    def _complain(self, error: OSError, what: str) -> None:
        if what not in self._complained:
            self._complained.add(what)
            _log.warning(_REFUSED, error.strerror or error, self._poll, what)

    async def _listen(self, kernel: Kernel) -> None:
        while True:
            await trio.lowlevel.wait_readable(kernel.fd)
            for _ in range(AT_ONCE):
                event = kernel.sync_get()
                if event is None:
                    break
                self._hear(event)

    def _hear(self, event: Event) -> None:
        if event.mask & Mask.Q_OVERFLOW:
            for sharing in list(self._told.values()):
                _wake_all(sharing)
            return
        watch = event.watch
        sharing = self._told.get(watch.wd, set()) if watch is not None else set()
        if watch is not None and event.mask & _GONE:
            for gone in self._told.pop(watch.wd, ()):
                gone.kernel_watch = None
                self._polling(gone)
        _wake_all(sharing)

    async def _ask(self) -> None:
        """A timer runs only while there is something to ask for."""
        while True:
            with trio.move_on_after(self._poll if self._polled else math.inf):
                await self._more_to_poll.wait()
                self._more_to_poll = trio.Event()
                continue
            _wake_all(self._polled)


def _wake_all(watches: set[Watch]) -> None:
    for watch in tuple(watches):
        try:
            watch.wake()
        except Exception:  # one that fails must not end the watching of others
            _log.exception("a change could not be told")
