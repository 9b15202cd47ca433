"""Finding logs that turn up: what is found, when it is searched, and which directories are watched."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.notes import Note
from logagent.core.outcome import Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Log
from logagent.disk.following.new_logs import SEARCH_AGAIN, SEARCH_GAP, NewLogFinder
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.threads import DiskThreads
from testbed.tailing import Told, append


class Searched(Catalog):
    """A catalog that knows when it was searched. behind: called right after the first search."""

    def __init__(self, roots: Sequence[Path]) -> None:
        super().__init__(roots)
        self.at: list[float] = []
        self.broken = False
        self.behind: Callable[[], None] = lambda: None

    def finding(self, patterns: Sequence[str], **options: Any) -> Generator[None, None, list[Log]]:
        self.at.append(trio.current_time())
        if self.broken:
            raise ZeroDivisionError
        found = yield from super().finding(patterns, **options)
        if len(self.at) == 1:
            self.behind()
        return found


class Scene:
    """A directory `logs`, and a finder of the logs in it."""

    def __init__(self, directory: Path, tails: SharedTails, watching: Told) -> None:
        self.directory = directory
        self.tails = tails
        self.watching = watching
        self.catalog = Searched([directory])
        self.told = 0

    @asynccontextmanager
    async def finder(self, *patterns: str, rotated: bool = True, limit: int = 10) -> AsyncIterator[NewLogFinder]:
        async with self.tails.new_log_finder(patterns, self.catalog, rotated=rotated, limit=limit) as finder:
            finder.listeners.add(self._tell)
            yield finder
            finder.listeners.discard(self._tell)

    def _tell(self) -> None:
        self.told += 1

    @property
    def watched(self) -> list[str]:
        """The directories that are watched, without those on the way to the root."""
        above = {parent.name for parent in self.directory.parents}
        return [name for name in self.watching.watched if name not in above]

    async def wake(self, name: str = "logs") -> None:
        """Names have come or gone in a directory, and there was time for a search."""
        self.watching.watches[name].wake()
        await trio.sleep(2 * SEARCH_GAP)


@asynccontextmanager
async def scene(directory: Path) -> AsyncIterator[Scene]:
    logs, watching = directory / "logs", Told()
    logs.mkdir()
    append(logs / "app.log", "1")
    async with open_shared_tails(DiskThreads(inline=True), watching) as tails:
        yield Scene(logs, tails, watching)
    assert watching.watched == []


def status_of(finder: NewLogFinder) -> Status | None:
    return None if finder.failure is None else finder.failure.status


async def test_what_is_there_is_found_before_anybody_waits(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("*.log") as finder:
        assert list(finder.logs) == ["app.log"]
        assert status_of(finder) is None


async def test_files_that_appear_are_found_and_told_of(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("*.log") as finder:
        await trio.sleep(1)
        before = it.told
        append(it.directory / "new.log", "1")
        append(it.directory / "new.txt", "1")
        await it.wake()
        assert sorted(finder.logs) == ["app.log", "new.log"]
        assert it.told == before + 1


async def test_what_globs_meet_is_noted_as_it_is_now(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it:
        (it.directory / "out.log").symlink_to("/dev/null")
        async with it.finder("*.log") as finder:
            assert finder.notes == (Note("link", ("out.log",), 1),)
            (it.directory / "out.log").unlink()
            await it.wake()
            assert finder.notes == ()


async def test_a_log_keeps_its_name_though_another_root_gets_one_of_the_same(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with scene(tmp_path) as it:
        it.catalog = Searched([it.directory, other])
        async with it.finder("*.log") as finder:
            append(other / "app.log", "2")
            await it.wake("other")
            assert {name: log.root for name, log in finder.logs.items()} == {
                "app.log": it.directory,
                "other:app.log": other,
            }
            (it.directory / "app.log").unlink()
            await it.wake("other")
            assert finder.logs["other:app.log"].generations[0].name == "other:app.log"


async def test_what_came_before_it_was_told_of_names_is_found(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it:
        it.catalog.behind = lambda: append(it.directory / "new.log", "1")
        async with it.finder("*.log") as finder:
            await trio.sleep(2 * SEARCH_GAP)
            assert sorted(finder.logs) == ["app.log", "new.log"]


async def test_a_rotated_file_is_no_log_by_itself(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("*") as finder:
        (it.directory / "app.log").rename(it.directory / "app.log.1")
        append(it.directory / "app.log", "2")
        await it.wake()
        assert {name: len(log.generations) for name, log in finder.logs.items()} == {"app.log": 2}


@pytest.mark.parametrize("pattern", ["app.log", "*.log"])
async def test_a_file_that_is_deleted_and_made_again(pattern: str, tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder(pattern) as finder:
        path = it.directory / "app.log"
        with path.open():  # so that its inode is not given to the new one
            path.unlink()
            await it.wake()
            assert status_of(finder) is Status.NOT_FOUND
            append(path, "2")
            await it.wake()
        assert status_of(finder) is None
        (generation,) = finder.logs["app.log"].generations
        assert generation.identity == (path.stat().st_dev, path.stat().st_ino)


async def test_a_name_that_is_not_there_yet_is_waited_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("later/app.log") as finder:
        assert finder.logs == {}
        (it.directory / "later").mkdir()
        append(it.directory / "later" / "app.log", "1")
        await trio.sleep(SEARCH_AGAIN + 1)
        assert list(finder.logs) == ["later/app.log"]


async def test_new_directories_are_searched_and_watched(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("**/*.log") as finder:
        assert it.watched == ["logs"]
        (it.directory / "sub" / "deep").mkdir(parents=True)
        await it.wake()
        assert it.watched == ["deep", "logs", "sub"]
        append(it.directory / "sub" / "deep" / "new.log", "1")
        await it.wake("deep")
        assert sorted(finder.logs) == ["app.log", "sub/deep/new.log"]
        shutil.rmtree(it.directory / "sub")
        await it.wake("sub")
        assert it.watched == ["logs"]


async def test_a_directory_that_was_replaced_is_watched_anew(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("app.log"):
        await it.wake()
        replaced = it.watching.watches["logs"]
        assert not replaced.closed
        replaced.outdated = True
        await it.wake()
        assert replaced.closed
        assert it.watched == ["logs"]


async def test_one_glob_does_not_have_all_directories_watched(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it:
        (it.directory / "sub").mkdir()
        async with it.finder("*.log"):
            assert it.watched == ["logs"]


async def test_a_glob_is_searched_for_again_though_nobody_calls(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("*.log") as finder:
        await trio.sleep(1)
        append(it.directory / "new.log", "1")
        await trio.sleep(SEARCH_AGAIN)
        assert sorted(finder.logs) == ["app.log", "new.log"]


async def test_names_that_are_all_there_are_not_searched_for_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("app.log"):
        await trio.sleep(1)
        searches = len(it.catalog.at)
        await trio.sleep(10_000)
        assert len(it.catalog.at) == searches


async def test_names_that_come_and_go_all_the_time_are_searched_with_gaps(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with scene(tmp_path) as it, it.finder("*.log"):
        for _ in range(200):
            it.watching.watches["logs"].wake()
            await trio.sleep(0.01)
        gaps = [later - earlier for earlier, later in pairwise(it.catalog.at[1:])]
        assert min(gaps) == pytest.approx(SEARCH_GAP)
        assert len(gaps) >= 8


async def test_too_many_logs_are_a_failure_until_they_are_fewer(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it, it.finder("*.log", limit=1) as finder:
        append(it.directory / "new.log", "1")
        await it.wake()
        assert status_of(finder) is Status.RESOURCE_EXHAUSTED
        assert list(finder.logs) == ["app.log"]
        (it.directory / "new.log").unlink()
        await it.wake()
        assert status_of(finder) is None


async def test_all_who_ask_the_same_share_one(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with scene(tmp_path) as it:
        async with it.finder("*.log") as one, it.finder("*.log") as same, it.finder("*.log", rotated=False) as other:
            assert one is same is not other
            assert it.tails.under_way == 2
        assert it.tails.under_way == 0
        await trio.sleep(1)
        assert it.watching.watched == []


async def test_a_search_that_breaks_is_told_of(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(tmp_path) as it, it.finder("*.log") as finder:
        await trio.sleep(1)
        before, it.catalog.broken = it.told, True
        await it.wake()
        assert status_of(finder) is Status.INTERNAL
        assert it.told == before + 1
    assert "ZeroDivisionError" in caplog.text
