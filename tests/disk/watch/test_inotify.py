"""One inotify instance tells each watcher of its own file or directory, and when it has nothing more to tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from asyncinotify import Inotify, Mask

from logagent.disk.watch.inotify import NAMES, PORTION, WRITES, KernelWatches, opened


@pytest.fixture
def inotify() -> Inotify:
    return opened()


@pytest.fixture
def kernel(inotify: Inotify) -> Iterator[KernelWatches[str]]:
    kernel = KernelWatches[str](inotify)
    yield kernel
    kernel.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_bytes(b"begun\n")
    return path


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more\n")


def watches(inotify: Inotify) -> int:
    """How many watches the kernel keeps."""
    return Path(f"/proc/self/fdinfo/{inotify.fd}").read_text("ascii").count("inotify wd:")


def test_everybody_who_watches_a_file_is_woken_once_for_many_writes(kernel: KernelWatches[str], path: Path) -> None:
    other = path.with_name("other.log")
    other.touch()
    kernel.add("first", path, WRITES)
    kernel.add("second", path, WRITES)
    kernel.add("other", other, WRITES)
    append(path)
    append(other)
    append(path)
    woken, ended = kernel.take()
    assert (sorted(woken), ended) == (["first", "other", "second"], [])
    assert kernel.take() == ([], [])


def test_the_kernels_watch_goes_with_the_last_watcher(kernel: KernelWatches[str], inotify: Inotify, path: Path) -> None:
    kernel.add("first", path, WRITES)
    kernel.add("second", path, WRITES)
    kernel.remove("first")
    assert watches(inotify) == 1
    append(path)
    assert kernel.take() == (["second"], [])
    kernel.remove("second")
    kernel.remove("second")
    assert watches(inotify) == 0


def test_events_of_a_watch_that_was_removed_meanwhile_wake_nobody(kernel: KernelWatches[str], path: Path) -> None:
    kernel.add("first", path, WRITES)
    append(path)
    kernel.remove("first")
    assert kernel.take() == ([], [])


def test_a_directory_that_is_deleted_ends_its_watch(kernel: KernelWatches[str], inotify: Inotify, path: Path) -> None:
    directory = path.with_name("logs")
    directory.mkdir()
    kernel.add("names", directory, NAMES)
    directory.rmdir()
    assert kernel.take() == (["names"], ["names"])
    assert (kernel.take(), watches(inotify)) == (([], []), 0)
    kernel.remove("names")


def test_what_is_not_there_cannot_be_watched(kernel: KernelWatches[str], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        kernel.add("nothing", tmp_path / "none", WRITES)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        kernel.add("a file", tmp_path / "file", NAMES)


def test_after_an_overflow_everybody_is_woken_and_directories_are_watched_no_more(
    path: Path,
) -> None:
    class Overflow:
        mask, watch = Mask.Q_OVERFLOW, None

    class Overflowing(Inotify):
        def sync_get(self) -> Any:
            return events.pop() if events else None

    kernel = KernelWatches[str](Overflowing(sync_timeout=0))
    kernel.add("writes", path, WRITES)
    kernel.add("names", path.parent, NAMES)
    events = [Overflow()]
    woken, ended = kernel.take()
    assert (sorted(woken), ended) == (["names", "writes"], ["names"])
    kernel.close()


async def test_more_events_than_one_portion_are_waited_for_no_longer(kernel: KernelWatches[str], path: Path) -> None:
    kernel.add("names", path.parent, NAMES)
    for number in range(PORTION + 1):
        os.close(os.open(path.with_name(str(number)), os.O_CREAT | os.O_WRONLY))
    portions = 0
    with trio.move_on_after(0) as at_once:
        while True:
            await kernel.readable()
            portions += bool(kernel.take()[0])
    assert at_once.cancelled_caught
    assert portions <= 1  # a checkpoint before each: nobody is kept from running
    portions += bool(kernel.take()[0])
    portions += bool(kernel.take()[0])
    assert portions == 2


def test_its_end_tells_who_was_watching(inotify: Inotify, path: Path) -> None:
    kernel = KernelWatches[str](inotify)
    kernel.add("writes", path, WRITES)
    kernel.add("names", path.parent, NAMES)
    assert sorted(kernel.close()) == ["names", "writes"]
