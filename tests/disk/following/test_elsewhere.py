"""Follows by name whose name leads elsewhere, or nowhere for a while: told, gone on with, and nothing twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.new_logs import SEARCH_AGAIN
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.following.source import FollowSource
from logagent.disk.rotation.held_files import DELETED_GRACE
from logagent.disk.rotation.whereabouts import GONE_AFTER, GONE_AGAIN, LET_GO, WAY_AGAIN
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Wake, Watch, Watching
from testbed.followed_trees import SETTLED, Followed, Names
from testbed.tailing import append, followed, held

Follow = Callable[..., Any]


@asynccontextmanager
async def host(*roots: Path, watching: Watching | None = None) -> AsyncIterator[Follow]:
    """Provide what begins follows on a host with these roots."""
    catalog, threads = Catalog(roots), DiskThreads(inline=True)
    async with open_shared_tails(threads, watching or Names()) as tails, trio.open_nursery() as nursery:
        source = FollowSource(
            "web",
            catalog=catalog,
            threads=threads,
            tails=tails,
            options=lambda _: ReadOptions(host="web", zone=UTC, max_line=1000),
            again=catalog.again,
            max_files=10,
        )

        async def follow(*names: str) -> Followed:
            out = Followed()
            nursery.start_soon(partial(source.pump, followed(files=names), out))
            await trio.sleep(SETTLED)
            return out

        yield follow
        nursery.cancel_scope.cancel()


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    append(path, *lines)
    return path


def switch(link: Path, target: str) -> None:
    """Have a link lead elsewhere, in one step, as deploys and Kubernetes do."""
    made = link.with_name("made")
    made.symlink_to(target)
    made.rename(link)


LAYOUTS = {
    "link": ("current", "rel/{}", "rel/{}", "current/app.log"),
    "absolute": ("current", "{root}/rel/{}", "rel/{}", "current/app.log"),
    "upwards": ("a/current", "../b/rel/{}", "b/rel/{}", "a/current/app.log"),
    "in the middle": ("srv/current", "rel-{}", "srv/rel-{}/var/log", "srv/current/var/log/app.log"),
    "kubernetes": ("pod/..data", "..2026_{}", "pod/..2026_{}", "pod/app.log"),
}


class Layout:
    """A tree in which a link leads to one of several directories."""

    def __init__(self, root: Path, kind: str) -> None:
        link, self._target, self._place, self.name = LAYOUTS[kind]
        self.root = root
        self.link = root / link
        self.link.parent.mkdir(parents=True, exist_ok=True)
        if kind == "kubernetes":
            (root / self.name).symlink_to("..data/app.log")

    def file(self, number: int) -> Path:
        return self.root / self._place.format(number) / "app.log"

    def switch(self, number: int) -> None:
        self.file(number).parent.mkdir(parents=True, exist_ok=True)
        switch(self.link, self._target.format(number, root=self.root))


@pytest.mark.parametrize("by", ["name", "glob"])
@pytest.mark.parametrize("kind", list(LAYOUTS))
async def test_a_link_to_a_directory_that_is_switched_back_and_forth(
    kind: str, by: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = Layout(tmp_path, kind)
    write(tree.file(1), "old")
    tree.switch(1)
    name = tree.name if by == "name" else tree.name.replace("app", "*")
    async with host(tmp_path) as follow:
        out = await follow(name)
        expected = []
        for turn, number in enumerate([1, 2, 1, 3, 3, 2, 1, 2]):
            if turn:
                tree.switch(number)
            write(tree.file(number), f"{turn} in {number}")
            await trio.sleep(SETTLED)
            write(tree.file(number), f"more of {turn}")
            await trio.sleep(SETTLED)
            expected += [f"{turn} in {number}", f"more of {turn}"]
            assert out.texts == expected
        assert out.notices == []


async def test_what_was_written_while_a_link_led_elsewhere_comes_when_it_leads_there_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = Layout(tmp_path, "link")
    write(tree.file(1), "old")
    tree.switch(1)
    async with host(tmp_path) as follow:
        out = await follow(tree.name)
        for number in (2, 3, 4):
            write(tree.file(number), f"first of {number}")
            tree.switch(number)
            await trio.sleep(SETTLED)
        write(tree.file(1), "meanwhile")
        await trio.sleep(SETTLED)
        tree.switch(1)
        await trio.sleep(SETTLED)
        assert out.texts == ["first of 2", "first of 3", "first of 4", "meanwhile"]


async def test_releases_whose_first_lines_are_the_same_are_told_apart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = Layout(tmp_path, "link")
    write(tree.file(1), "started")
    tree.switch(1)
    async with host(tmp_path) as follow:
        out = await follow(tree.name)
        for number in (2, 3, 2):
            if number not in (2,) or not tree.file(2).exists():
                write(tree.file(number), "started")
            tree.switch(number)
            await trio.sleep(SETTLED)
        assert out.texts == ["started", "started"]


async def test_a_release_older_than_the_present_one_is_followed(tmp_path: Path, autojump_clock: MockClock) -> None:
    tree = Layout(tmp_path, "link")
    write(tree.file(2), "old")
    tree.switch(2)
    write(tree.file(1), "of the release before")
    os.utime(tree.file(1), (1, 1))
    async with host(tmp_path) as follow:
        out = await follow(tree.name)
        tree.switch(1)
        await trio.sleep(SETTLED)
        write(tree.file(1), "and after it")
        await trio.sleep(SETTLED)
        assert out.texts == ["of the release before", "and after it"]


async def test_a_link_that_leads_to_a_directory_without_the_file_first(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = Layout(tmp_path, "link")
    write(tree.file(1), "old")
    tree.switch(1)
    async with host(tmp_path) as follow:
        out = await follow(tree.name)
        tree.switch(2)
        await trio.sleep(GONE_AFTER + SETTLED)
        assert out.statuses == [Status.NOT_FOUND]
        write(tree.file(2), "new")
        await trio.sleep(SETTLED)
        assert out.texts == ["new"]
        assert out.statuses == [Status.NOT_FOUND, Status.OK]


async def test_a_link_from_one_root_into_another_is_switched(tmp_path: Path, autojump_clock: MockClock) -> None:
    links, data = tmp_path / "links", tmp_path / "data"
    for number in (1, 2):
        write(data / str(number) / "app.log", f"old of {number}")
    links.mkdir()
    switch(links / "current", str(data / "1"))
    async with host(links, data) as follow:
        out = await follow("current/app.log")
        for turn in (2, 1, 2):
            switch(links / "current", str(data / str(turn)))
            write(data / str(turn) / "app.log", f"new of {turn}")
            await trio.sleep(SETTLED)
        assert out.texts == ["old of 2", "new of 2", "new of 1", "new of 2"]


GAPS = pytest.mark.parametrize("gap", [0.05, 0.7, 40.0])


@GAPS
@pytest.mark.parametrize("by", ["app/app.log", "app/*.log", "**/app.log"])
async def test_a_directory_that_is_removed_and_made_again(
    gap: float, by: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    path = write(tmp_path / "app" / "app.log", "old")
    async with host(tmp_path) as follow:
        out = await follow(by)
        for turn in (1, 2):
            shutil.rmtree(path.parent)
            await trio.sleep(gap)
            told = len(out.notices)
            write(path, f"first of {turn}")
            await trio.sleep(SETTLED)
            write(path, f"second of {turn}")
            await trio.sleep(SETTLED)
            assert out.texts[-2:] == [f"first of {turn}", f"second of {turn}"]
            assert (told > 0) == (gap > GONE_AFTER)
        assert len(out.texts) == 4
        assert out.statuses == ([Status.NOT_FOUND, Status.OK] * 2 if gap > GONE_AFTER else [])
        await trio.sleep(DELETED_GRACE + SETTLED)
        assert held(path.parent) == ["app.log"]


@GAPS
@pytest.mark.parametrize("back", ["the same", "another"])
async def test_a_root_that_is_moved_away_and_comes_back(
    gap: float, back: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    root = tmp_path / "data"
    path = write(root / "app" / "app.log", "old")
    async with host(root) as follow:
        out = await follow("app/app.log")
        root.rename(tmp_path / "away")
        await trio.sleep(gap)
        expected = ["new"]
        if back == "the same":
            write(tmp_path / "away" / "app" / "app.log", "meanwhile")
            (tmp_path / "away").rename(root)
            expected = ["meanwhile", "new"]
        write(path, "new")
        await trio.sleep(WAY_AGAIN + SETTLED)
        assert out.texts == expected
        assert out.statuses == ([Status.UNAVAILABLE, Status.OK] if gap > GONE_AFTER else [])


async def test_what_a_follow_holds_of_a_log_that_is_gone_is_let_go(tmp_path: Path, autojump_clock: MockClock) -> None:
    root = tmp_path / "data"
    path = write(root / "app.log", "old")
    async with host(root) as follow:
        out = await follow("app.log")
        write(path, "last")
        away = root.rename(tmp_path / "away")
        await trio.sleep(LET_GO / 2)
        assert held(away) == ["app.log"]
        await trio.sleep(LET_GO / 2 + GONE_AGAIN + SETTLED)
        assert held(away) == []
        write(away / "app.log", "meanwhile")
        away.rename(root)
        await trio.sleep(SETTLED)
        write(path, "new")
        await trio.sleep(SETTLED)
        assert out.texts == ["last", "meanwhile", "new"]


async def test_what_was_rotated_while_a_log_was_gone_comes_from_where_it_was_left(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    root = tmp_path / "data"
    path = write(root / "app.log", "old")
    async with host(root) as follow:
        out = await follow("app.log")
        write(path, "seen")
        away = root.rename(tmp_path / "away")
        await trio.sleep(20)
        write(away / "app.log", "unseen")
        (away / "app.log").rename(away / "app.log.1")
        write(away / "app.log", "first of the next")
        away.rename(root)
        await trio.sleep(SETTLED)
        assert out.texts == ["seen", "unseen", "first of the next"]


@pytest.mark.parametrize("by", ["app/app.log", "app/*.log"])
@pytest.mark.parametrize("gap", [0.05, 0.7, 40.0])
async def test_a_root_that_is_not_there_at_first_is_told_and_followed_when_it_is(
    gap: float, by: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with host(tmp_path / "srv" / "data") as follow:
        out = await follow(by)
        assert out.statuses == [Status.UNAVAILABLE]
        await trio.sleep(gap)
        path = write(tmp_path / "srv" / "data" / "app" / "app.log", "first")
        await trio.sleep(SETTLED)
        write(path, "second")
        await trio.sleep(SETTLED)
        assert out.texts == ["first", "second"]
        assert out.statuses == [Status.UNAVAILABLE, Status.OK]


async def test_a_name_whose_way_is_not_there_at_first_is_waited_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    tree = Layout(tmp_path, "in the middle")
    tree.switch(1)
    async with host(tmp_path) as follow:
        out = await follow(tree.name)
        assert out.statuses == [Status.NOT_FOUND]
        write(tree.file(2), "first")
        tree.switch(2)
        await trio.sleep(SETTLED)
        assert out.texts == ["first"]


async def test_a_rotation_without_a_live_file_is_not_told_as_gone(tmp_path: Path, autojump_clock: MockClock) -> None:
    path = write(tmp_path / "app.log", "old")
    async with host(tmp_path) as follow:
        out = await follow("app.log")
        path.rename(tmp_path / "app.log.1")
        await trio.sleep(40)
        write(path, "new")
        await trio.sleep(SETTLED)
        assert (out.texts, out.notices) == (["new"], [])


async def test_dated_files_that_are_gone_are_told_and_gone_on_with(tmp_path: Path, autojump_clock: MockClock) -> None:
    day = write(tmp_path / "app" / "app-2026-11-28.log", "old")
    async with host(tmp_path) as follow:
        out = await follow("app/app.log")
        shutil.rmtree(day.parent)
        await trio.sleep(20)
        assert out.statuses == [Status.NOT_FOUND]
        write(day.with_name("app-2026-11-29.log"), "new")
        await trio.sleep(SETTLED)
        assert out.texts == ["new"]
        assert out.statuses == [Status.NOT_FOUND, Status.OK]


async def test_changes_that_nobody_reports_are_found_by_looking_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = Layout(tmp_path, "link")
    write(tree.file(1), "old")
    tree.switch(1)

    class Silent(Names):
        def directory(self, path: Path, wake: Wake) -> Watch:
            watch = Watch(wake, lambda _: None)
            watch.reached = True
            return watch

    async with host(tmp_path, watching=Silent()) as follow:
        out = await follow(tree.name)
        write(tree.file(2), "new")
        tree.switch(2)
        await trio.sleep(max(WAY_AGAIN, SEARCH_AGAIN) + SETTLED)
        assert out.texts == ["new"]
