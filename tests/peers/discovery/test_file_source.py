"""Files of targets that change while the agent runs: whatever happens to one, the last good content counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.peers.discovery import file_reading
from logagent.peers.discovery.file_reading import Looked
from logagent.peers.discovery.file_source import HANGS, LOOK, SETTLED, UNFINISHED, FileSource
from logagent.peers.discovery.sources import SourceState

Look = Callable[[], dict[str, Looked]]


def group(*addresses: str) -> str:
    return f"- targets: [{', '.join(addresses)}]\n"


class Watched:
    """A source of a file or glob, what it finds, and how often it said that something has changed."""

    def __init__(self, pattern: Path) -> None:
        self.changes = 0
        self.source = FileSource(str(pattern), make_state=self._state, in_thread=self._inline)

    def _state(self, name: str) -> SourceState:
        return SourceState(name, clock=trio.current_time, wall_clock=lambda: 7.0, changed=self._changed)

    def _changed(self) -> None:
        self.changes += 1

    async def _inline(self, look: Look) -> dict[str, Looked]:
        await trio.lowlevel.checkpoint()
        return look()

    async def look(self, after: float = SETTLED + LOOK) -> list[str]:
        await trio.sleep(after)
        await self.source.look()
        return self.hosts

    @property
    def hosts(self) -> list[str]:
        return [target.urls[0][8:] for state in self.source.states for target in state.targets]

    @property
    def faults(self) -> list[str]:
        return [state.fault for state in self.source.states if state.fault]


async def test_a_file_that_is_replaced_is_read_again(autojump_clock: MockClock, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(group("a:1"))
    it = Watched(file)
    assert await it.look() == ["a:1"]
    (tmp_path / "new").write_text(group("a:1", "b:1"))
    (tmp_path / "new").rename(file)
    assert await it.look() == ["a:1", "b:1"]
    assert it.changes == 3  # the pattern's own state is tried first
    await it.look()
    assert it.changes == 3


async def test_a_file_that_does_not_change_is_not_read_again(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(group("a:1"))
    it = Watched(file)
    await it.look()
    await it.look(SETTLED)
    monkeypatch.setattr(file_reading, "read", None)
    assert await it.look() == ["a:1"]


async def test_a_change_within_the_kernels_tick_is_seen(autojump_clock: MockClock, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(group("a:1"))
    it = Watched(file)
    await it.look()
    status = file.stat()
    file.write_text(group("b:1"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert await it.look(LOOK) == ["b:1"]


async def test_a_link_that_is_swapped_as_those_of_a_config_map(autojump_clock: MockClock, tmp_path: Path) -> None:
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "web.yml").write_text(group(f"{version}:1"))
    (tmp_path / "..data").symlink_to("v1")
    (tmp_path / "web.yml").symlink_to("..data/web.yml")
    it = Watched(tmp_path / "*.yml")
    assert await it.look() == ["v1:1"]
    (tmp_path / "..tmp").symlink_to("v2")
    (tmp_path / "..tmp").rename(tmp_path / "..data")
    assert await it.look() == ["v2:1"]


async def test_files_of_a_glob_come_and_go(autojump_clock: MockClock, tmp_path: Path) -> None:
    it = Watched(tmp_path / "*.json")
    assert await it.look() == []
    assert it.source.states[0].wrong == ("no file matches",)
    (tmp_path / "b.json").write_text('[{"targets": ["b:1"]}]')
    (tmp_path / "a.json").write_text('[{"targets": ["a:1"]}]')
    (tmp_path / ".hidden.json").write_text('[{"targets": ["h:1"]}]')
    assert await it.look() == ["a:1", "b:1"]
    assert [state.name for state in it.source.states] == [f"file {tmp_path}/{name}.json" for name in "ab"]
    before = it.changes
    (tmp_path / "a.json").unlink()
    assert await it.look() == ["b:1"]
    assert it.changes == before + 1


async def test_a_file_that_was_never_there_was_never_read(autojump_clock: MockClock, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    it = Watched(file)
    await it.look()
    [state] = it.source.states
    told = state.told(it.source.setting, it.source.kind, kept=False)
    assert (told.name, told.kind, told.is_absent, told.is_unread, told.last_read) == (
        str(file),
        "file",
        True,
        False,
        None,
    )
    file.write_text(group("a:1"))
    await it.look()
    file.unlink()
    await it.look()
    told = state.told(it.source.setting, it.source.kind, kept=False)
    assert (told.agents, told.is_absent, told.last_read) == (0, False, 7.0)
    assert told.wrong == ("is not there, and gives no targets",)


async def test_a_fault_of_a_file_is_told_since_it_began(autojump_clock: MockClock, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(group("a:1"))
    it = Watched(file)
    await it.look()
    file.write_text("[")
    await it.look()
    assert not it.faults
    await it.look(UNFINISHED)
    [state] = it.source.states
    assert state.fault_since == pytest.approx(7.0 - UNFINISHED), "it is told late, and then since when"
    assert (len(state.targets), state.read) == (1, 7.0)


async def test_a_file_in_two_steps_is_told_of_only_if_it_stays_half(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "web.json"
    file.write_text('[{"targets": ["a:1"]}]')
    it = Watched(file)
    await it.look()
    file.write_text('[{"targets": ["a:1", "b')
    assert await it.look(LOOK) == ["a:1"]
    assert not it.faults
    file.write_text('[{"targets": ["a:1", "b:1"]}]')
    assert await it.look(LOOK) == ["a:1", "b:1"]
    file.write_text('[{"targets": ["a')
    await it.look(LOOK)
    assert await it.look(UNFINISHED) == ["a:1", "b:1"]
    assert "is no JSON" in it.faults[0]
    for _ in range(3):
        await it.look()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert told[0].startswith(f"file {file}: is no JSON: ")
    assert told[0].endswith("; the last 2 targets are kept")
    file.write_text('[{"targets": ["c:1"]}]')
    assert await it.look() == ["c:1"]
    assert not it.faults
    assert caplog.records[-1].getMessage() == f"file {file} can be used again"


async def test_what_is_bad_at_the_start_is_told_at_once(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "web.yml").write_text("targets: [a:1]")
    it = Watched(tmp_path / "web.yml")
    assert await it.look(0) == []
    assert "no list of groups" in it.faults[0]
    assert caplog.records[0].getMessage().endswith("; nothing is found by it yet")


async def test_a_file_that_is_deleted_gives_no_targets_and_says_so(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(group("a:1"))
    it = Watched(file)
    await it.look()
    file.unlink()
    assert await it.look() == []
    assert it.source.states[0].wrong == ("is not there, and gives no targets",)
    assert caplog.records[-1].getMessage() == f"file {file}: is not there, and gives no targets"


def make_directory(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_loop(path: Path) -> None:
    path.symlink_to(path)


def make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(file_reading.MOST_BYTES + 1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_directory, "is a directory"),
        (make_pipe, "is no regular file"),
        (make_endless, "is no regular file"),
        (make_loop, "cannot be read: Too many levels of symbolic links"),
        (make_huge, "has more than 16777216 bytes"),
    ],
)
async def test_what_is_no_file_of_targets(
    autojump_clock: MockClock, tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    make(tmp_path / "web.yml")
    it = Watched(tmp_path / "web.yml")
    await it.look()
    assert it.faults == [said]


async def test_a_file_that_could_not_be_read_is_tried_again_though_it_does_not_change(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(group("a:1"))
    it = Watched(file)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(file_reading, "bytes_and_stamp", refuse)
        await it.look()
        await it.look()
        assert it.faults == ["cannot be read: Permission denied"]
    assert await it.look() == ["a:1"]


async def test_more_files_than_are_read(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "MOST_FILES", 1)
    it = Watched(tmp_path / "*.yml")
    (tmp_path / "a.yml").write_text(group("a:1"))
    await it.look()
    (tmp_path / "b.yml").write_text(group("b:1"))
    assert await it.look() == ["a:1"]
    assert it.faults == ["2 files match, more than 1"]
    (tmp_path / "b.yml").unlink()
    assert await it.look() == ["a:1"]
    assert not it.faults


async def test_a_disk_that_hangs_is_told_and_keeps_what_was_found(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(group("a:1"))
    it = Watched(tmp_path / "web.yml")
    hangs = False

    async def in_thread(look: Look) -> dict[str, Looked]:
        await trio.sleep(HANGS + 1 if hangs else 0)
        return look()

    it.source = FileSource(str(tmp_path / "web.yml"), make_state=it._state, in_thread=in_thread)
    await it.look()
    hangs = True
    assert await it.look() == ["a:1"]
    assert it.faults == [f"the disk has not answered for {HANGS:g} s"]
    hangs = False
    await it.look()
    assert not it.faults


@pytest.mark.real
async def test_looks_go_on_in_a_thread_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(group("a:1"))
    found = trio.Event()
    source = FileSource(
        str(tmp_path / "web.yml"),
        make_state=lambda name: SourceState(name, changed=lambda: found.set() if source.states[0].targets else None),
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run)
        with trio.fail_after(30):
            await found.wait()
        nursery.cancel_scope.cancel()
    assert [target.urls for target in source.states[0].targets] == [("https://a:1",)]
