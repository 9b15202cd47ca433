"""Waking watchers of files and directories when these may have changed, by inotify(7) or by polling.

A `Watch` calls a plain function on the event loop whenever something may have changed, without saying what. The callee
looks for itself, so that a call without a change, or one call for many changes, is harmless.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Collection
from pathlib import Path

import trio
from asyncinotify import Inotify, Mask

from logagent.disk.files.beneath import DESCRIPTORS
from logagent.disk.watch import mounts
from logagent.disk.watch.inotify import NAMES, WRITES, KernelWatches, opened

logger = logging.getLogger(__name__)

POLL = 1.0
"""Seconds from one poll to the next, where the kernel does not report writes: each poll costs a follow a call of
fstat."""
Wake = Callable[[], None]
"""Called on the event loop: it must be quick and must not wait; it may make and close watches."""

_REMEDIES = {
    errno.EMFILE: "no inotify instance is left for this user; raise sysctl fs.inotify.max_user_instances"
    " or the limit of open files",
    errno.ENFILE: "the system has too many files open; raise sysctl fs.file-max",
    errno.ENOSPC: "no inotify watch is left for this user; raise sysctl fs.inotify.max_user_watches",
}
_LEFT_UNSAID = frozenset({errno.ENOENT, errno.ENOTDIR})
"""Errors that are not logged: a missing directory is no fault of the host."""


def _nobody() -> None:
    """Wake nobody."""


class Watch:
    """A watch of one file or directory, until `close`.

    Args:
        close: ends the watch where it was made.

    Attributes:
        wake: called whenever something may have changed.
        reached: whether the kernel reports changes; if not, the watch is polled.
        outdated: whether the watched directory is gone, or was not there: another may have its path now.
        closed: whether `close` was called.
    """

    def __init__(self, wake: Wake, close: Callable[[Watch], None]) -> None:
        self.wake = wake
        self.reached = self.outdated = False
        self.closed = False
        self._close = close

    def close(self) -> None:
        """Stop the watch, also for changes that have happened already; idempotent."""
        if not self.closed:
            self.closed = True
            self._close(self)
            self.wake = _nobody  # whoever made the watch often has it, so that both would wait to be found as garbage


class Watching:
    """All watches of an agent: one inotify instance, opened when it is first needed, and one timer.

    It is used on the event loop only. Watches may be made before `run`, but only `run` wakes them. If inotify raises
    `OSError`, the watch is polled and a warning is logged.

    Args:
        poll: seconds between two polls of watches for which the kernel reports nothing.
        notify: whether to use inotify at all.
        notifies: returns whether the kernel reports all changes to an open file or directory.
        notifies_at: returns the same for a path, before it is opened.
        inotify: opens an instance that never blocks.
    """

    def __init__(
        self,
        *,
        poll: float = POLL,
        notify: bool = True,
        notifies: Callable[[int], bool] = mounts.notifies,
        notifies_at: Callable[[Path], bool] = mounts.notifies_at,
        inotify: Callable[[], Inotify] = opened,
    ) -> None:
        self._poll = poll
        self._notify = notify
        self._notifies = notifies
        self._notifies_at = notifies_at
        self._open = inotify
        self._kernel: KernelWatches[Watch] | None = None
        self._kernel_wanted = trio.Event()
        self._polled: dict[Watch, None] = {}
        self._poll_wanted = trio.Event()
        self._said: set[int] = set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Wake watchers until cancelled; then the kernel's watches are removed, and nobody is woken again."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen)
                nursery.start_soon(self._look)
                task_status.started()
        finally:
            self._notify = False
            if self._kernel is not None:
                self._end(self._kernel.close())

    def file(self, descriptor: int, wake: Wake) -> Watch:
        """Wake when an open file is written to or truncated, whatever its name becomes.

        The caller closes the watch, and may close the descriptor once this returns.
        """
        watch = Watch(wake, self._forget)
        self._begin(watch, lambda: self._kernel_watches(watch, descriptor, WRITES))
        return watch

    def directory(self, path: Path, wake: Wake) -> Watch:
        """Wake when names are added to a directory, removed from it or changed, not when its files are written to.

        If the directory does not exist, or once it is deleted, moved or its volume unmounted, the watch is polled and
        `outdated`: close it and make a new one, to watch the directory that has the path then. The caller closes the
        watch.

        If a link on the path leads to a server that does not answer, this call hangs: give a resolved path.
        """
        watch = Watch(wake, self._forget)
        self._begin(watch, lambda: self._notifies_at(path) and self._kernel_watches_names(watch, path))
        return watch

    def _kernel_watches_names(self, watch: Watch, path: Path) -> bool:
        place = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return self._kernel_watches(watch, place, NAMES)
        finally:
            os.close(place)

    def _kernel_watches(self, watch: Watch, descriptor: int, mask: Mask) -> bool:
        if not self._notifies(descriptor):
            return False
        if self._kernel is None:
            self._kernel = KernelWatches(self._open())
            self._kernel_wanted.set()
        self._kernel.add(watch, DESCRIPTORS / str(descriptor), mask)
        return True

    def _begin(self, watch: Watch, is_told: Callable[[], bool]) -> None:
        try:
            watch.reached = self._notify and is_told()
        except OSError as error:
            watch.outdated = error.errno in _LEFT_UNSAID
            self._say(error)
        if not watch.reached:
            self._start_polling(watch)

    def _say(self, error: OSError) -> None:
        code = error.errno or errno.EIO
        if code not in self._said | _LEFT_UNSAID:
            self._said.add(code)
            remedy = _REMEDIES.get(code, os.strerror(code).lower())
            logger.warning("cannot be told of writes and looks every %g s instead: %s", self._poll, remedy)

    def _start_polling(self, watch: Watch) -> None:
        self._polled[watch] = None
        self._poll_wanted.set()

    def _forget(self, watch: Watch) -> None:
        watch.reached = False
        self._polled.pop(watch, None)
        if self._kernel is not None:
            self._kernel.remove(watch)

    async def _listen(self) -> None:
        await self._kernel_wanted.wait()
        assert self._kernel is not None  # it is set before it is wanted, and stays until `run` ends
        while True:
            await self._kernel.readable()
            woken, ended = self._kernel.take()
            self._end(ended)
            _wake(woken)

    def _end(self, watches: Collection[Watch]) -> None:
        for watch in watches:
            watch.reached, watch.outdated = False, True
            self._start_polling(watch)

    async def _look(self) -> None:
        due = trio.current_time()
        while True:
            if not self._polled:
                self._poll_wanted = trio.Event()
                await self._poll_wanted.wait()
            # Not counted from the last poll: after a pause, or when the loop was held up, one poll is enough.
            due = max(due, trio.current_time()) + self._poll
            await trio.sleep_until(due)
            _wake(self._polled)


def _wake(watches: Collection[Watch]) -> None:
    for watch in tuple(watches):
        if not watch.closed:
            try:
                watch.wake()
            except Exception:  # a bug in one must not end the watching of all others
                logger.exception("a watch's callback failed")
