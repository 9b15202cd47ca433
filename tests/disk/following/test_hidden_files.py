"""Follows by somebody who sees a part of the files: all else is as if it lay outside of the roots, whatever happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import Position
from logagent.disk.catalog import identity
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.new_logs import SEARCH_AGAIN
from logagent.disk.rotation.held_files import DELETED_GRACE
from logagent.disk.rotation.whereabouts import GONE_AFTER, LET_GO, WAY_AGAIN
from testbed.followed_trees import SETTLED, Followed, Served, Tree
from testbed.sights import sight
from testbed.tailing import held

RULES = ("-secret.log", "-private/", "-app.log.2", "-**/audit.log", "-link.log", "+**")
MODIFIED = 1_750_000_000
"""When the files were written to before the follow began; any time in the past."""
Step = Callable[[Tree], object]


def planted(tree: Tree) -> Tree:
    """app.log with two generations, other logs, links to some of them."""
    for name in ("app.log.2", "app.log.1", "app.log", "nginx/access.log", "nginx/audit.log", "secret.log"):
        tree.write(name, f"old of {name}")
    tree.write("private/x.log", "old of private/x.log")
    for place, _, names in [*os.walk(tree.root), *os.walk(tree.outside)]:
        for name in names:
            os.utime(Path(place) / name, (MODIFIED, MODIFIED))
    tree.link("to.log", "nginx/access.log")
    tree.link("current", "nginx")
    return tree


async def both(
    top: Path, asked: Sequence[str], steps: Sequence[Step | float], rules: Sequence[str] = RULES
) -> list[Followed]:
    """What a follow gives where what is not seen is hidden, and where it lies outside."""
    given = []
    for hides in (True, False):
        tree = planted(Tree(top / str(hides), sight(*rules), hides))
        async with tree.served() as served:
            out = await served.follow(*asked)
            for step in steps:
                if callable(step):
                    step(tree)
                await trio.sleep(SETTLED if callable(step) else step)
            await trio.sleep(SETTLED)
        assert tree.opened == []
        assert "-private/" not in rules or not [path for path in tree.watching.watched if path.name == "private"]
        given.append(out)
    return given


def write(name: str, *lines: str) -> Step:
    return lambda tree: tree.write(name, *lines)


def half(name: str, text: str) -> Step:
    return lambda tree: tree.append(name, text)


def at_once(*steps: Step) -> Step:
    return lambda tree: [step(tree) for step in steps]


def rename(name: str, other: str) -> Step:
    return lambda tree: tree.rename(name, other)


def link(name: str, target: str) -> Step:
    return lambda tree: tree.link(name, target)


SCENES: dict[str, tuple[Sequence[Step | float], list[str]]] = {
    "renamed": (
        [write("app.log", "1"), rename("app.log", "secret.log"), write("secret.log", "hidden"), write("app.log", "2")],
        ["1", "2"],
    ),
    "renamed for long": (
        [
            *(write("app.log", "1"), rename("app.log", "secret.log"), write("secret.log", "hidden")),
            *(LET_GO + WAY_AGAIN, write("secret.log", "hidden"), write("app.log", "2")),
        ],
        ["1", "2"],
    ),
    "renamed and written at once": (
        [
            at_once(rename("app.log", "secret.log"), write("secret.log", "hidden")),
            write("app.log", "1"),
        ],
        ["1"],
    ),
    "renamed and written to its old name at once": (
        [
            at_once(rename("app.log", "secret.log"), write("secret.log", "hidden"), write("app.log", "1")),
            write("secret.log", "hidden"),
            write("app.log", "2"),
        ],
        ["1", "2"],
    ),
    "rotated": (
        [
            *(write("app.log", "1"), rename("app.log", "app.log.2"), write("app.log", "2")),
            *(write("app.log.2", "hidden"), write("app.log", "3"), write("app.log.2", "hidden"), write("app.log", "4")),
        ],
        ["1", "2", "3", "4"],
    ),
    "rotated further": (
        [
            *(write("app.log", "1"), rename("app.log", "app.log.1"), write("app.log", "2"), write("app.log.1", "late")),
            *(rename("app.log.1", "app.log.2"), write("app.log.2", "hidden"), write("app.log", "3")),
        ],
        ["1", "2", "late", "3"],
    ),
    "renamed, written and deleted": (
        [
            *(write("app.log", "1"), rename("app.log", "secret.log"), write("secret.log", "hidden")),
            *(lambda tree: tree.delete("secret.log"), write("app.log", "2")),
        ],
        ["1", "2"],
    ),
    "renamed and back": (
        [
            *(write("app.log", "1"), rename("app.log", "secret.log"), write("secret.log", "meanwhile")),
            *(rename("secret.log", "app.log"), write("app.log", "2")),
        ],
        ["1", "meanwhile", "2"],
    ),
    "renamed and back after long": (
        [
            *(write("app.log", "1"), rename("app.log", "secret.log"), write("secret.log", "meanwhile")),
            *(LET_GO + WAY_AGAIN, rename("secret.log", "app.log"), write("app.log", "2")),
        ],
        ["1", "meanwhile", "2"],
    ),
    "renamed, cut and written": (
        [
            *(write("app.log", "1"), rename("app.log", "secret.log"), lambda tree: tree.truncate("secret.log")),
            *(write("secret.log", "hidden"), write("app.log", "2")),
        ],
        ["1", "2"],
    ),
    "a hidden file gets the name": (
        [write("app.log", "1"), rename("secret.log", "app.log"), write("app.log", "2")],
        ["1", "old of secret.log", "2"],
    ),
    "copied to a hidden name and cut": (
        [
            *(
                write("app.log", "1"),
                at_once(lambda tree: tree.copy("app.log", "app.log.2"), lambda tree: tree.truncate("app.log")),
            ),
            *(write("app.log", "2"), write("app.log.2", "hidden")),
        ],
        ["1", "2"],
    ),
    "empty and renamed": (
        [
            *(rename("app.log", "app.log.1"), lambda tree: tree.create("app.log"), rename("app.log", "secret.log")),
            *(write("secret.log", "hidden"), write("app.log", "1")),
        ],
        ["1"],
    ),
    "half a line": (
        [
            half("app.log", "ha"),
            rename("app.log", "secret.log"),
            write("secret.log", "lf hidden"),
            write("app.log", "1"),
        ],
        ["ha", "1"],
    ),
    "moved into a hidden directory": (
        [write("app.log", "1"), rename("app.log", "private/app.log"), write("private/app.log", "hidden")],
        ["1"],
    ),
    "renamed to a name of another log that is seen": (
        [write("app.log", "1"), rename("app.log", "other.txt"), write("other.txt", "2"), write("app.log", "3")],
        ["1", "2", "3"],
    ),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_a_file_that_gets_a_hidden_name_is_as_one_that_is_moved_out(
    scene: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    steps, texts = SCENES[scene]
    hidden, outside = await both(tmp_path, ["app.log"], steps)
    assert hidden.told() == outside.told()
    assert hidden.texts == texts


LINKS: dict[str, tuple[Sequence[str], Sequence[Step | float], list[str], list[str]]] = {
    "switched to a hidden file": (
        ["to.log"],
        [
            *(write("nginx/access.log", "1"), link("to.log", "secret.log"), write("secret.log", "hidden")),
            *(GONE_AFTER, write("nginx/access.log", "2"), link("to.log", "nginx/access.log")),
        ],
        ["1", "2"],
        ["NOT_FOUND", "OK"],
    ),
    "switched into a hidden directory": (
        ["to.log"],
        [write("nginx/access.log", "1"), link("to.log", "private/x.log"), write("private/x.log", "hidden"), GONE_AFTER],
        ["1"],
        ["NOT_FOUND"],
    ),
    "switched to a hidden file that is seen by another name": (
        ["to.log"],
        [link("to.log", "link.log"), lambda tree: tree.link("link.log", "app.log"), write("app.log", "1"), GONE_AFTER],
        [],
        ["NOT_FOUND"],
    ),
    "a directory switched to a hidden one": (
        ["current/access.log"],
        [
            lambda tree: tree.write("private/access.log", "hidden"),
            *(write("nginx/access.log", "1"), link("current", "private"), write("private/access.log", "hidden")),
            *(GONE_AFTER, WAY_AGAIN, link("current", "nginx"), write("nginx/access.log", "2")),
        ],
        ["1", "2"],
        ["NOT_FOUND", "OK"],
    ),
    "its target gets a hidden name": (
        ["to.log"],
        [
            *(write("nginx/access.log", "1"), rename("nginx/access.log", "nginx/audit.log")),
            *(write("nginx/audit.log", "hidden"), GONE_AFTER),
        ],
        ["1"],
        ["NOT_FOUND"],
    ),
    "a directory renamed to a hidden one": (
        ["nginx/*.log"],
        [
            *(write("nginx/access.log", "1"), lambda tree: tree.remove("private")),
            *(rename("nginx", "private"), write("private/access.log", "hidden"), GONE_AFTER),
        ],
        ["1"],
        ["NOT_FOUND"],
    ),
}


@pytest.mark.parametrize("scene", LINKS)
async def test_a_link_or_directory_that_leads_to_what_is_hidden_leads_nowhere(
    scene: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    asked, steps, texts, statuses = LINKS[scene]
    hidden, outside = await both(tmp_path, asked, steps)
    assert hidden.told() == outside.told()
    assert hidden.texts == texts
    assert [notice.status.name for notice in hidden.notices] == statuses


@pytest.mark.parametrize(
    ("asked", "steps", "texts"),
    [
        (["*.log"], [write("secret.log", "hidden"), write("private/x.log", "hidden"), write("app.log", "1")], ["1"]),
        (["**"], [rename("app.log.2", "new.log"), write("new.log", "1")], ["old of app.log.2", "1"]),
        (["**"], [rename("private/x.log", "new.log"), write("new.log", "1")], ["old of private/x.log", "1"]),
        (["*.log"], [rename("secret.log", "secret.log.1"), write("secret.log", "hidden")], []),
        (["*"], [rename("app.log", "app.log.2"), write("app.log.2", "hidden"), write("app.log", "1")], ["1"]),
        (["secret.log"], [], []),
    ],
)
async def test_files_that_appear(
    asked: Sequence[str], steps: Sequence[Step | float], texts: list[str], tmp_path: Path, autojump_clock: MockClock
) -> None:
    hidden, outside = await both(tmp_path, asked, [*steps, SEARCH_AGAIN])
    assert (hidden.told(), hidden.outcome) == (outside.told(), outside.outcome)
    assert hidden.texts == texts


@pytest.mark.parametrize("rules", [("+app.log.1", "-app.log", "+**"), ("-app.log.1", "+**"), ("+app.log", "-**")])
@pytest.mark.parametrize("asked", ["app.log", "app.log.1", "*", "app.log*"])
async def test_a_log_of_which_only_the_live_file_or_a_generation_is_seen(
    rules: Sequence[str], asked: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    steps: list[Step | float] = [
        *(write("app.log", "1"), write("app.log.1", "2"), rename("app.log", "app.log.1"), write("app.log", "3")),
        *(write("app.log.1", "4"), lambda tree: tree.delete("app.log"), GONE_AFTER, write("app.log", "5")),
        *(rename("app.log.1", "secret.log"), write("secret.log", "6"), write("app.log.1", "7")),
        *(lambda tree: tree.pack("app.log.1"), write("app.log", "8")),
    ]
    hidden, outside = await both(tmp_path, [asked], steps, rules)
    assert (hidden.told(), hidden.outcome) == (outside.told(), outside.outcome)


async def test_a_follow_begins_after_a_position_in_a_file_that_is_hidden_as_in_one_that_is_not_there(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    given = []
    for hides in (True, False):
        tree = planted(Tree(tmp_path / str(hides), sight(*RULES), hides))
        held = identity.fingerprint_of(os.open(tree.place("app.log.2"), os.O_RDONLY))
        for log in ("app.log", "secret.log"):
            async with tree.served() as served:
                out = await served.follow("app.log", "*.log", positions=(Position("web", log, 4, held),))
                tree.write("app.log", "1")
                await trio.sleep(SETTLED)
                given.append((hides, out.told(), tree.opened))
    assert [told[1:] for told in given[:2]] == [told[1:] for told in given[2:]]
    assert given[0][2] == []


async def test_whoever_sees_less_learns_nothing_from_the_follow_of_another(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = planted(Tree(tmp_path, sight(*RULES), hides=True))
    async with tree.served() as served:
        more = Served(served.catalog.seen_with(None), served.tails, served.threads, served.nursery)
        more.catalog = Catalog([tree.root])
        all_seen, first = await more.follow("app.log"), await served.follow("app.log")
        tree.rename("app.log", "secret.log")
        tree.write("secret.log", "hidden")
        await trio.sleep(SETTLED)
        second = await served.follow("app.log", positions=(all_seen.position,))
        assert (all_seen.texts, first.texts) == (["hidden"], [])
        assert "hidden" not in second.texts


async def test_what_is_held_of_a_file_that_got_a_hidden_name_is_let_go(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    tree = planted(Tree(tmp_path, sight(*RULES), hides=True))
    async with tree.served() as served:
        out = await served.follow("app.log")
        tree.rename("app.log", "app.log.2")
        tree.write("app.log", "1")
        await trio.sleep(DELETED_GRACE + SETTLED)
        assert held(tree.root) == ["app.log"]
        assert out.texts == ["1"]
