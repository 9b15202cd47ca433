"""Finding logs that appear while a query is followed; shared by all follows of the same names."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import trio

from logagent.core.globs import is_glob
from logagent.core.notes import Note, Notes
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.logs import Log
from logagent.disk.files.ways import Inode
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watch, Watching

SEARCH_GAP = 0.2
"""Seconds between two searches, even if names change all the time: each search lists directories."""
SEARCH_AGAIN = 10.0
"""Seconds until the next search even if no change is reported: a glob may match names in directories that are not
watched."""
MAX_WATCHED = 1000
"""Directories watched for one query, since the kernel's watches are limited. In further directories, new files are
found `SEARCH_AGAIN` seconds later at most."""

_log = logging.getLogger(__name__)


class NewLogFinder:
    """Keeps the logs that patterns name or match up to date.

    Its one task is `run`.

    Args:
        patterns: names and globs.
        catalog: finds the logs.
        threads: that read the disk.
        watching: of directories.
        rotated: whether rotated files belong to their log.
        limit: logs at most.

    Attributes:
        logs: the logs found so far, by name.
        refused: what the last search could not reach, by name: logs that stand for names and roots.
        failure: why logs are missing; None: the last search succeeded.
        is_full: whether there are more logs than `limit`; those found first stay, then the newest.
        notes: what the last search judged of the files that globs met.
        listeners: called after each search.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        catalog: Catalog,
        threads: DiskThreads,
        watching: Watching,
        *,
        rotated: bool,
        limit: int,
    ) -> None:
        self.logs: dict[str, Log] = {}
        self.refused: dict[str, Log] = {}
        self.failure: Failure | None = None
        self.is_full = False
        self.notes: tuple[Note, ...] = ()
        self.listeners: set[Callable[[], None]] = set()
        self._names: dict[str, str] = {}
        self._patterns = patterns
        self._catalog = catalog
        self._threads = threads
        self._watching = watching
        self._rotated = rotated
        self._limit = limit
        self._called = trio.Event()
        self._called_by_names = True
        self._ways: Mapping[Path, Inode] = {}
        self._watches: dict[Path, Watch] = {}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Search now, and again whenever names change."""
        try:
            await self._search()
            self._called_for()  # for changes before the directories were watched
            task_status.started()
            while True:
                with trio.move_on_after(self._patience) as waiting:
                    await self._called.wait()
                self._called = trio.Event()
                if waiting.cancelled_caught or await self._is_worth_it():
                    await self._search()
                    self._tell()
                await trio.sleep(SEARCH_GAP)
        finally:
            for watch in self._watches.values():
                watch.close()

    def fail(self, failure: Failure) -> None:
        """Report to all listeners that the task has ended with a failure."""
        self.failure = failure
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()

    @property
    def _patience(self) -> float:
        """Seconds until the next search: infinite if there are no globs and all names and roots are found."""
        settled = self.failure is None and not self.refused and not any(map(is_glob, self._patterns))
        return math.inf if settled else SEARCH_AGAIN

    async def _search(self) -> None:
        looked: set[Path] = set()
        notes, left_out = Notes(), LeftOut()
        self._called_by_names = False
        self._ways = await self._threads.in_thread(self._catalog.ways, self._patterns)
        try:
            found = await self._threads.in_slices(self._finding(looked, notes, left_out))
        except Failure as failure:
            self.failure, self.refused = failure, {}
        else:
            self.failure = self._failure_of(left_out)
            self.refused = {log.name: log for log in found if log.root is None}
            self.logs |= {log.name: log for log in map(self._with_first_name, found) if log.root is not None}
        self.notes = notes.told()
        self._watch(looked)

    async def _is_worth_it(self) -> bool:
        """Return whether a search may find anything else, now that names have changed somewhere."""
        if self._called_by_names:
            return True
        return self._ways != await self._threads.in_thread(self._catalog.ways, self._patterns)

    def _with_first_name(self, log: Log) -> Log:
        """Return a log with the name that it had when it was found first, so that it is not taken for a new one.

        A log is called `ROOT:NAME` only while several roots have a file of its name.
        """
        if not log.asked:
            return log
        if log.asked not in self._names:
            self._names[log.asked] = log.asked if log.name in self._names.values() else log.name
        return log.called(self._names[log.asked])

    def _finding(self, looked: set[Path], notes: Notes, left_out: LeftOut) -> Generator[None, None, list[Log]]:
        wanted = Wanted(self._limit, self.logs)
        return self._catalog.finding(
            self._patterns, rotated=self._rotated, wanted=wanted, looked=looked, notes=notes, left_out=left_out
        )

    def _failure_of(self, left_out: LeftOut) -> Failure | None:
        """Return the failure to follow some logs; the same while there are too many, or each new one were news."""
        self.is_full = bool(left_out)
        if not left_out:
            return None
        again = self.failure is not None and self.failure.status is Status.RESOURCE_EXHAUSTED
        return self.failure if again else left_out.failure("followed")

    def _watch(self, directories: set[Path]) -> None:
        wakes = dict.fromkeys(sorted(self._ways.keys() - directories), self._called_for_way)
        wakes |= dict.fromkeys(sorted(directories), self._called_for)
        outdated = {directory for directory, watch in self._watches.items() if watch.outdated}
        for directory, watch in list(self._watches.items()):
            if watch.outdated or watch.wake != wakes.get(directory):
                self._watches.pop(directory).close()
        missing = [directory for directory in wakes if directory not in self._watches]
        for directory in missing[: MAX_WATCHED - len(self._watches)]:
            self._watches[directory] = self._watching.directory(directory, wakes[directory])
            if directory in outdated and self._watches[directory].reached:
                self._called_for()  # for changes before it was watched

    def _called_for(self) -> None:
        self._called_by_names = True
        self._called.set()

    def _called_for_way(self) -> None:
        self._called.set()
