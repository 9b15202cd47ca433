"""Being woken by writes and by names that come and go, by the kernel and by polling."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trio
from asyncinotify import Event, Inotify, Mask
from asyncinotify import Watch as KernelWatch
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.disk.watch.inotify import PORTION, opened
from logagent.disk.watch.watching import Watching

PATIENT = 20
"""Real seconds after which a test that waits for the kernel is given up."""


class Woken:
    """A callback that counts, and can be waited for."""

    def __init__(self) -> None:
        self.times = 0
        self._again = trio.Event()

    def __call__(self) -> None:
        self.times += 1
        self._again.set()

    async def again(self) -> None:
        """Until it is called, unless it was since the last time."""
        with trio.fail_after(PATIENT):
            await self._again.wait()
        self._again = trio.Event()


class Instances:
    """Opens inotify instances of one kind and remembers them."""

    def __init__(self, kind: Callable[[], Inotify] = opened) -> None:
        self._kind = kind
        self.opened: list[Inotify] = []

    def __call__(self) -> Inotify:
        self.opened.append(self._kind())
        return self.opened[-1]

    def watches(self) -> int:
        """How many watches the kernel keeps for them."""
        return sum(Path(f"/proc/self/fdinfo/{one.fd}").read_text("ascii").count("inotify wd:") for one in self.opened)


def always(_: object) -> bool:
    """Whatever the tests' file system is, its kernel tells of what this process itself writes."""
    return True


@asynccontextmanager
async def watching(**options: Any) -> AsyncIterator[Watching]:
    it = Watching(**{"notifies": always, "notifies_at": always, "poll": 3600, **options})
    async with trio.open_nursery() as nursery:
        await nursery.start(it.run)
        yield it
        nursery.cancel_scope.cancel()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(b"begun\n")
    return path


@pytest.fixture
def descriptor(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more\n")


def rotated(path: Path) -> Path:
    """Its new name; another file has the old one."""
    renamed = path.rename(path.with_name("app.log.1"))
    path.write_bytes(b"the new file of that name\n")
    return renamed


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


# Files.


async def test_a_write_wakes(path: Path, descriptor: int) -> None:
    async with watching() as it:
        woken = Woken()
        watch = it.file(descriptor, woken)
        assert watch.reached
        for _ in range(3):
            append(path)
            await woken.again()


async def test_a_truncation_wakes(path: Path, descriptor: int) -> None:
    async with watching() as it:
        woken = Woken()
        it.file(descriptor, woken)
        os.truncate(path, 0)
        await woken.again()
    assert woken.times == 1


async def test_a_file_is_watched_by_whatever_name_and_after_its_descriptor_is_closed(path: Path) -> None:
    async with watching() as it:
        woken = Woken()
        descriptor = os.open(path, os.O_RDONLY)
        it.file(descriptor, woken)
        os.close(descriptor)
        append(rotated(path))
        await woken.again()
    assert woken.times == 1


async def test_a_file_that_is_open_is_watched_after_its_last_name_is_gone(path: Path, descriptor: int) -> None:
    async with watching() as it:
        woken = Woken()
        watch = it.file(descriptor, woken)
        with path.open("ab") as writing:
            CHANGES["deleted"](path)
            writing.write(b"still\n")
            writing.flush()
            await woken.again()
            assert watch.reached


async def test_one_file_watched_twice_is_one_watch_of_the_kernel_and_wakes_both(path: Path, descriptor: int) -> None:
    instances = Instances()
    async with watching(inotify=instances) as it:
        first, second = Woken(), Woken()
        one = it.file(descriptor, first)
        it.file(descriptor, second)
        assert instances.watches() == 1
        append(path)
        await first.again()
        await second.again()
        one.close()
        append(path)
        await second.again()
        assert (first.times, second.times) == (1, 2)


async def test_a_file_watched_anew_after_its_last_watch_was_closed_wakes(path: Path, descriptor: int) -> None:
    async with watching() as it:
        gone, woken = Woken(), Woken()
        closed = it.file(descriptor, gone)
        append(path)
        closed.close()
        closed.close()
        it.file(descriptor, woken)
        append(path)
        await woken.again()
        assert gone.times == 0
        assert not closed.reached


async def test_watches_made_before_it_runs_wake_once_it_does(path: Path, descriptor: int) -> None:
    it, woken = Watching(notifies=always), Woken()
    it.file(descriptor, woken)
    append(path)
    await wait_all_tasks_blocked()
    assert woken.times == 0
    async with trio.open_nursery() as nursery:
        await nursery.start(it.run)
        await woken.again()
        nursery.cancel_scope.cancel()


# Directories.


CHANGES: dict[str, Callable[[Path], object]] = {
    "created": lambda path: path.with_name("new").touch(),
    "linked": lambda path: path.with_name("new").symlink_to(path),
    "renamed": lambda path: path.rename(path.with_name("new")),
    "moved out": lambda path: path.rename(path.parent.parent / "elsewhere"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_names_that_come_and_go_wake(change: str, tmp_path: Path) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    path = directory / "app.log"
    path.touch()
    async with watching() as it:
        woken = Woken()
        watch = it.directory(directory, woken)
        CHANGES[change](path)
        await woken.again()
        assert watch.reached


async def test_a_write_to_a_file_in_a_directory_does_not_wake_it(path: Path, descriptor: int) -> None:
    async with watching() as it:
        names, writes = Woken(), Woken()
        it.directory(path.parent, names)
        it.file(descriptor, writes)
        append(path)
        await writes.again()
        assert names.times == 0


@pytest.mark.parametrize("end", [Path.rmdir, lambda directory: directory.rename(directory.with_name("old"))])
async def test_a_directory_that_is_gone_wakes_and_is_watched_anew(
    end: Callable[[Path], object], tmp_path: Path
) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    instances = Instances()
    async with watching(inotify=instances) as it:
        woken = Woken()
        watch = it.directory(directory, woken)
        end(directory)
        await woken.again()
        assert (watch.reached, watch.outdated) == (False, True)
        assert instances.watches() == 0
        watch.close()
        directory.mkdir()
        again = Woken()
        assert it.directory(directory, again).reached
        (directory / "new").touch()
        await again.again()


async def test_a_directory_that_ended_is_polled(tmp_path: Path, autojump_clock: MockClock) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    async with watching(poll=1) as it:
        woken = Woken()
        watch = it.directory(directory, woken)
        directory.rmdir()
        await woken.again()
        assert (watch.reached, watch.outdated) == (False, True)
        polled_from = trio.current_time()
        for turn in (1, 2):
            await woken.again()
            assert trio.current_time() - polled_from == pytest.approx(turn)


@pytest.mark.parametrize("name", ["nowhere", "app.log"])
async def test_what_is_not_a_directory_is_polled_without_a_word(
    name: str, path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching(poll=1) as it:
        woken = Woken()
        watch = it.directory(path.with_name(name), woken)
        assert (watch.reached, watch.outdated) == (False, True)
        await woken.again()
    assert caplog.records == []


# Polling.


async def test_what_the_kernel_does_not_tell_of_is_polled(descriptor: int, autojump_clock: MockClock) -> None:
    async with watching(notify=False, poll=2) as it:
        woken, begun = Woken(), trio.current_time()
        it.file(descriptor, woken)
        for turn in (1, 2, 3):
            await woken.again()
            assert trio.current_time() - begun == pytest.approx(2 * turn)


async def test_a_file_system_that_does_not_tell_never_meets_the_kernel(path: Path, descriptor: int) -> None:
    instances = Instances()
    async with watching(notifies=lambda _: False, inotify=instances) as it:
        assert not it.file(descriptor, Woken()).reached
        assert not it.directory(path.parent, Woken()).reached
    assert instances.opened == []


async def test_a_path_on_a_file_system_that_may_hang_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = Watching(notifies_at=lambda _: False)
    monkeypatch.setattr(os, "open", None)
    assert not it.directory(tmp_path, Woken()).reached


async def test_no_timer_runs_while_there_is_nothing_to_poll(descriptor: int, mock_clock: MockClock) -> None:
    async with watching(notify=False, poll=1) as it:
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().seconds_to_next_deadline == float("inf")
        woken = Woken()
        watch = it.file(descriptor, woken)
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().seconds_to_next_deadline == 1
        watch.close()
        mock_clock.jump(1)
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().seconds_to_next_deadline == float("inf")
        assert woken.times == 0


# Refusals.


class Refusing(Inotify):
    """One to whom the kernel gives no watches."""

    def __init__(self) -> None:
        super().__init__(sync_timeout=0)

    def add_watch(self, path: Any, mask: Mask) -> KernelWatch:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def none_left() -> Inotify:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize(
    ("inotify", "remedy"), [(Refusing, "fs.inotify.max_user_watches"), (none_left, "fs.inotify.max_user_instances")]
)
async def test_a_refusal_is_said_once_with_its_remedy_and_polled(
    inotify: Callable[[], Inotify],
    remedy: str,
    descriptor: int,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with watching(inotify=inotify, poll=1) as it:
        for _ in range(3):
            woken = Woken()
            assert not it.file(descriptor, woken).reached
        await woken.again()
    assert len(caplog.records) == 1
    assert remedy in caplog.text
    assert "every 1 s" in caplog.text


# Trouble.


class Overflowing(Inotify):
    """One that, when told so, loses all events that wait and says no more than that it did."""

    def __init__(self) -> None:
        super().__init__(sync_timeout=0)
        self.overflows = False

    def sync_get(self) -> Event | None:
        event = super().sync_get()
        if event is None or not self.overflows:
            return event
        while super().sync_get() is not None:
            pass
        self.overflows = False
        return Event(None, Mask.Q_OVERFLOW, 0, None)


async def test_an_overflow_wakes_everybody_and_polls_directories(path: Path, descriptor: int) -> None:
    instances = Instances(Overflowing)
    async with watching(inotify=instances) as it:
        writes, names = Woken(), Woken()
        file = it.file(descriptor, writes)
        directory = it.directory(path.parent, names)
        (instance,) = instances.opened
        assert isinstance(instance, Overflowing)
        instance.overflows = True
        append(path)
        await writes.again()
        await names.again()
        assert (file.reached, directory.reached, directory.outdated) == (True, False, True)
        append(path)
        await writes.again()


async def test_a_callback_that_fails_is_logged_and_wakes_the_others(
    path: Path, descriptor: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching() as it:
        woken = Woken()
        it.file(descriptor, lambda: [][0])
        it.file(descriptor, woken)
        for _ in range(2):
            append(path)
            await woken.again()
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    assert "IndexError" in caplog.text


async def test_a_callback_may_close_other_watches_and_make_new_ones(path: Path, descriptor: int) -> None:
    async with watching() as it:
        other, new = Woken(), Woken()

        def turn() -> None:
            first.close()
            second.close()
            it.file(descriptor, new)

        first = it.file(descriptor, turn)
        second = it.file(descriptor, other)
        append(path)
        await wait_all_tasks_blocked()
        append(path)
        await new.again()
        assert other.times == 0


async def test_a_flood_of_events_lets_others_run(tmp_path: Path) -> None:
    async with watching() as it:
        turns, portions = count(), 8
        seen: list[int] = []
        it.directory(tmp_path, lambda: seen.append(next(turns)))
        await wait_all_tasks_blocked()
        for number in range(PORTION * portions):
            (tmp_path / str(number)).touch()
        with trio.fail_after(PATIENT):
            while len(seen) < portions:
                before = len(seen)
                await trio.lowlevel.checkpoint()
                # Trio shuffles who runs in a round: one task may end a round and begin the next.
                assert len(seen) - before <= 2


async def test_closed_watches_leave_nothing_in_the_kernel(tmp_path: Path) -> None:
    instances = Instances()
    async with watching(inotify=instances) as it:
        for number in range(500):
            path = tmp_path / str(number)
            path.touch()
            descriptor = os.open(path, os.O_RDONLY)
            watches = [it.file(descriptor, Woken()), it.directory(tmp_path, Woken())]
            os.close(descriptor)
            if number % 2:
                path.unlink()
            assert instances.watches() >= 1
            for watch in watches:
                watch.close()
        assert instances.watches() == 0


async def test_its_end_gives_everything_back_and_wakes_nobody(path: Path, descriptor: int) -> None:
    descriptors = open_descriptors()
    async with watching() as it:
        woken = Woken()
        watch = it.file(descriptor, woken)
    assert open_descriptors() == descriptors
    assert not watch.reached
    assert not it.file(descriptor, woken).reached
    append(path)
    watch.close()
    assert woken.times == 0
