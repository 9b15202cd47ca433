"""The tasks that all follows of one agent share: a tail for each log, and a search for new logs for each query."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import trio

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.new_logs import NewLogFinder
from logagent.disk.following.tail import Tail
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching

_logger = logging.getLogger(__name__)


class _Shared(Protocol):
    """A task that runs as long as it has users."""

    def fail(self, failure: Failure) -> None:
        """Report to all users that the task has ended with a failure."""

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None: ...


S = TypeVar("S", bound=_Shared)


class _Share:
    """One shared task: how many use it, whether it has begun, and how it failed."""

    def __init__(self, shared: _Shared) -> None:
        self.shared = shared
        self.scope = trio.CancelScope()
        self.users = 0
        self.begun = trio.Event()
        self.failure: Failure | None = None


class SharedTails:
    """Lends tails and new-log finders to follows; made by `open_shared_tails`.

    Args:
        nursery: runs the shared tasks.
        threads: that read the disk.
        watching: of files and directories.
    """

    def __init__(self, nursery: trio.Nursery, threads: DiskThreads, watching: Watching) -> None:
        self._nursery = nursery
        self._threads = threads
        self._watching = watching
        self._shares: dict[object, _Share] = {}
        self._keys: dict[_Shared, tuple[object, _Share]] = {}

    @property
    def under_way(self) -> int:
        """How many tails and finders are running."""
        return len(self._shares)

    @asynccontextmanager
    async def new_log_finder(
        self, patterns: Sequence[str], catalog: Catalog, *, rotated: bool, limit: int
    ) -> AsyncIterator[NewLogFinder]:
        """Lend the finder of the logs that patterns name or match; it is given back on leaving.

        Args:
            rotated: whether rotated files belong to their log.
            limit: logs at most.

        Raises:
            Failure: when the search ends at once.
        """

        def make() -> NewLogFinder:
            return NewLogFinder(patterns, catalog, self._threads, self._watching, rotated=rotated, limit=limit)

        finder = await self._borrow((catalog.key, tuple(patterns), rotated, limit), make)
        try:
            yield finder
        finally:
            self.give_back(finder)

    async def borrow(self, key: object, make: Callable[[DiskThreads, Watching], Tail]) -> Tail:
        """Return the tail of a log; the caller returns it with `give_back`.

        Args:
            key: what the log is shared by; hashable.
            make: makes the tail if nobody follows the log yet.

        Raises:
            Failure: when the log cannot be opened.
        """
        return await self._borrow(key, lambda: make(self._threads, self._watching))

    def give_back(self, shared: Tail | NewLogFinder) -> None:
        """Return a borrowed tail or finder; its task ends when the last user has returned it."""
        self._release(*self._keys[shared])

    async def _borrow(self, key: object, make: Callable[[], S]) -> S:
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = _Share(make())
            self._keys[share.shared] = key, share
            self._nursery.start_soon(self._run, key, share)
        share.users += 1
        try:
            await share.begun.wait()
            if share.failure is not None:
                raise share.failure
        except BaseException:
            self._release(key, share)
            raise
        return share.shared  # type: ignore[return-value]  # a key always stands for the same type

    def _release(self, key: object, share: _Share) -> None:
        share.users -= 1
        if share.users == 0:
            share.scope.cancel()
            self._forget(key, share)
            del self._keys[share.shared]

    def _forget(self, key: object, share: _Share) -> None:
        """Remove a share, so that the next user gets a new task."""
        if self._shares.get(key) is share:
            del self._shares[key]

    async def _run(self, key: object, share: _Share) -> None:
        """Run a shared task; whatever it raises becomes the failure of all its users."""
        try:
            with share.scope:  # also round the start: its last user may go while it begins
                async with trio.open_nursery() as nursery:
                    await nursery.start(share.shared.run)
                    share.begun.set()
        except* Failure as failures:
            share.failure = _first(failures)
        except* Exception:
            _logger.exception("following %s failed", key)
            share.failure = Failure(Status.INTERNAL, "internal error while following")
        if share.failure is not None:
            self._forget(key, share)
            share.shared.fail(share.failure)
        share.begun.set()


def _first(failures: BaseExceptionGroup[Failure]) -> Failure:
    inner = failures.exceptions[0]
    return inner if isinstance(inner, Failure) else _first(inner)


@asynccontextmanager
async def open_shared_tails(threads: DiskThreads, watching: Watching) -> AsyncIterator[SharedTails]:
    """Provide the tasks that an agent's follows share; leaving the block ends them."""
    async with trio.open_nursery() as nursery:
        await nursery.start(watching.run)
        yield SharedTails(nursery, threads, watching)
        nursery.cancel_scope.cancel()
