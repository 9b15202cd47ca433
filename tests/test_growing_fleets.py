"""Follows through the whole stack while hosts come: by their labels, behind primaries, and primaries themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import trio
from trio.testing import MockClock

from logagent.choosing_hosts import OTHER_LABELS
from logagent.core.outcome import Status
from logagent.core.wire.verdict import from_trailers
from logagent.fanout.followed_site import ASKED_AGAIN, HAS_HOSTS
from logagent.fanout.membership import FOUND, GONE
from logagent.peers.told_labels import REMEMBERED
from testbed.cluster import PATIENCE, Cluster, Knows, start_cluster
from testbed.whole_follows import SETTLED, Following, append, following

LOOKED_AGAIN = REMEMBERED + PATIENCE


def knowing(it: Cluster, agent: str, hosts: Sequence[str] = (), primaries: Sequence[str] = ()) -> None:
    """Have an agent find these hosts, and no others."""
    it.peers[agent].set_found([*Knows(hosts, primaries).targets()])


def write(it: Cluster, *hosts: str, word: str) -> None:
    for host in hosts:
        append(it.file(host), b"2026-11-23T10:00:00Z %s %s" % (host.encode(), word.encode()))


def given(follow: Following, word: str) -> list[str]:
    """The hosts whose lines with a word have come, once for each line."""
    return sorted(line.split()[1] for line in follow.lines if line.endswith(word))


def told(follow: Following) -> list[tuple[str, str]]:
    return [(notice["host"], notice["message"]) for notice in follow.notices]


def parts(follow: Following) -> dict[str, tuple[Status, int]]:
    return {part.host: (part.status, part.lines) for part in from_trailers(follow.trailers).hosts}


def empty(*hosts: str) -> dict[str, list[bytes]]:
    return {host: [] for host in hosts}


# By labels.

ROLES = {"web-1": {"role": "web"}, "web-2": {"role": "web"}, "db-1": {"role": "db"}}


async def test_a_follow_by_labels_takes_up_hosts_that_are_found(autojump_clock: MockClock, tmp_path: Path) -> None:
    hosts = empty("top", "web-1", "web-2", "db-1")
    async with start_cluster(tmp_path, hosts, labels=ROLES, found=["web-1", "web-2", "db-1"]) as it:
        knowing(it, "top", ["web-1"])
        async with following(it, "filename=app.log&hostname=role=web&timeout=40") as follow:
            write(it, "web-1", word="before")
            knowing(it, "top", ["web-1", "web-2", "db-1"])
            await trio.sleep(SETTLED)
            assert told(follow) == [("web-2", FOUND)]
            write(it, "web-1", "web-2", "db-1", word="after")
            await trio.sleep(SETTLED)
            knowing(it, "top", ["web-1", "db-1"])
            await trio.sleep(40)
            assert told(follow) == [("web-2", FOUND), ("web-2", GONE)]
    assert given(follow, "before") == ["web-1"]
    assert given(follow, "after") == ["web-1", "web-2"]
    assert parts(follow) == {"web-1": (Status.OK, 2), "web-2": (Status.OK, 1)}


async def test_a_follow_by_labels_takes_up_hosts_whose_labels_change(autojump_clock: MockClock, tmp_path: Path) -> None:
    labels = {host: dict(values) for host, values in ROLES.items()}
    async with start_cluster(tmp_path, empty("top", "web-1", "web-2", "db-1"), labels=labels) as it:
        async with following(it, "filename=app.log&hostname=role=web") as follow:
            it.agents["db-1"].labels["role"] = "web"
            it.agents["web-1"].labels["role"] = "db"
            await trio.sleep(LOOKED_AGAIN)
            write(it, "web-1", "web-2", "db-1", word="after")
            await trio.sleep(SETTLED)
            assert told(follow) == [("db-1", FOUND)]
            assert given(follow, "after") == ["db-1", "web-1", "web-2"], "one that loses its label is followed on"


async def test_a_follow_by_labels_takes_up_a_host_that_told_none_or_others_before(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    labels = {host: dict(values) for host, values in ROLES.items()}
    hosts = empty("top", "web-1", "web-2", "db-1")
    async with start_cluster(tmp_path, hosts, labels=labels, found=["web-2", "db-1"]) as it:
        for host in ("web-2", "db-1"):
            it.kill(host)
        knowing(it, "top")
        async with following(it, "filename=app.log&hostname=role=web") as follow:
            knowing(it, "top", ["web-2", "db-1"])
            await trio.sleep(LOOKED_AGAIN)
            untold = {host for host, message in told(follow) if "has not told its labels" in message}
            assert untold == {"web-2", "db-1"}
            it.revive("web-2")
            it.revive("db-1")
            await trio.sleep(2 * LOOKED_AGAIN)
            write(it, "web-2", "db-1", word="told")
            await trio.sleep(SETTLED)
            assert given(follow, "told") == ["web-2"]
            assert told(follow).count(("db-1", OTHER_LABELS)) == 1
            it.agents["db-1"].labels["role"] = "web"
            await trio.sleep(LOOKED_AGAIN)
            write(it, "web-2", "db-1", word="fits")
            await trio.sleep(SETTLED)
            assert given(follow, "fits") == ["db-1", "web-2"]
            assert told(follow)[-1] == ("db-1", FOUND)


async def test_a_follow_by_labels_goes_on_at_its_cursor_with_those_that_came(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    hosts = empty("top", "web-1", "web-2")
    async with start_cluster(tmp_path, hosts, labels=ROLES, found=["web-1", "web-2"]) as it:
        knowing(it, "top", ["web-1"])
        async with following(it, "filename=app.log&hostname=role=web&timeout=20") as follow:
            knowing(it, "top", ["web-1", "web-2"])
            await trio.sleep(SETTLED)
            write(it, "web-1", "web-2", word="first")
            await trio.sleep(20)
        cursor = follow.trailers["log-cursor"]
        write(it, "web-1", "web-2", word="between")
        async with following(it, f"filename=app.log&hostname=role=web&cursor={cursor}") as again:
            assert (given(again, "first"), given(again, "between")) == ([], ["web-1", "web-2"])
            assert told(again) == []


# Behind primaries.

TREE = {"top": Knows(primaries=("site-a",)), "site-a": Knows(peers=("a-1", "a-2"))}


async def test_a_follow_takes_up_hosts_that_come_behind_a_primary(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, empty("top", "site-a", "a-1", "a-2"), knows=TREE, found=["a-2"]) as it:
        knowing(it, "site-a")
        async with following(it, "filename=app.log&timeout=60") as follow:
            write(it, "a-1", word="before")
            knowing(it, "site-a", ["a-2"])
            await trio.sleep(SETTLED)
            assert told(follow) == [("a-2", FOUND)]
            write(it, "a-1", "a-2", word="first")
            await trio.sleep(SETTLED)
            it.kill("site-a")
            await trio.sleep(SETTLED)
            assert follow.notices[-1]["message"].endswith("; behind it: a-1, a-2")
            write(it, "a-1", "a-2", word="meanwhile")
            it.revive("site-a")
            await trio.sleep(20)
            assert given(follow, "meanwhile") == ["a-1", "a-2"]
            it.kill("site-a")
            await trio.sleep(60)
        cursor = follow.trailers["log-cursor"]
        write(it, "a-2", word="between")
        it.revive("site-a")
        async with following(it, f"filename=app.log&cursor={cursor}") as again:
            await trio.sleep(20)
            assert again.lines == ["2026-11-23T10:00:00Z a-2 between"]
    assert given(follow, "first") == ["a-1", "a-2"]
    assert parts(follow)["a-2"] == (Status.UNAVAILABLE, 2)
    assert parts(follow)["top"] == (Status.OK, 0)


async def test_a_follow_of_names_takes_up_hosts_of_a_site_that_had_none_of_them(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    knows = {"top": Knows(peers=("web-1",), primaries=("region",)), "region": Knows(primaries=("site-a",))}
    knows |= {"site-a": Knows(peers=("a-1", "web-2"))}
    hosts = empty("top", "region", "site-a", "web-1", "a-1", "web-2")
    async with start_cluster(tmp_path, hosts, knows=knows, found=["web-2"]) as it:
        knowing(it, "site-a")
        async with following(it, "filename=app.log&hostname=web-*") as follow:
            await trio.sleep(3 * ASKED_AGAIN)
            assert not follow.notices
            knowing(it, "site-a", ["web-2"])
            await trio.sleep(3 * ASKED_AGAIN)
            write(it, "a-1", "web-1", "web-2", word="after")
            await trio.sleep(SETTLED)
            assert given(follow, "after") == ["web-1", "web-2"]
            [(host, message)] = told(follow)
            assert (host, message.startswith(HAS_HOSTS), "web-2" in message) == ("region", True, True)
        async with following(it, "filename=app.log&hostname=nobody-*") as nowhere:
            await trio.sleep(SETTLED)
        assert nowhere.ended.is_set()
        assert from_trailers(nowhere.trailers).status is Status.NOT_FOUND


async def test_a_follow_by_labels_takes_up_hosts_behind_a_primary(autojump_clock: MockClock, tmp_path: Path) -> None:
    labels = {"a-1": {"role": "web"}, "a-2": {"role": "db"}}
    async with start_cluster(tmp_path, empty("top", "site-a", "a-1", "a-2"), knows=TREE, labels=labels) as it:
        async with following(it, "filename=app.log&hostname=role=web") as follow:
            it.agents["a-2"].labels["role"] = "web"
            await trio.sleep(LOOKED_AGAIN)
            assert told(follow) == [("a-2", FOUND)]
            it.agents["a-1"].labels["role"] = "db"
            await trio.sleep(LOOKED_AGAIN)
            it.kill("site-a")
            await trio.sleep(SETTLED)
            write(it, "a-1", "a-2", word="meanwhile")
            it.revive("site-a")
            await trio.sleep(20)
            assert given(follow, "meanwhile") == ["a-1", "a-2"], "also one that lost its label meanwhile"


# Primaries that come.


async def test_a_primary_that_comes_is_followed_with_all_hosts_behind_it(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    knows = {"top": Knows(peers=("x-1",)), "site-a": Knows(peers=("a-1", "x-1")), "site-b": Knows(peers=("a-1", "b-1"))}
    hosts = empty("top", "x-1", "site-a", "a-1", "site-b", "b-1")
    async with start_cluster(tmp_path, hosts, knows=knows, found=["site-a", "site-b"]) as it:
        async with following(it, "filename=app.log&timeout=90") as follow:
            write(it, "x-1", "a-1", word="before")
            await trio.sleep(SETTLED)
            knowing(it, "top", primaries=["site-a"])
            await trio.sleep(SETTLED)
            assert [host for host, message in told(follow) if message.startswith(FOUND)] == ["site-a"]
            write(it, "x-1", "a-1", "site-a", word="first")
            await trio.sleep(SETTLED)
            knowing(it, "top", primaries=["site-a", "site-b"])
            await trio.sleep(SETTLED)
            write(it, "x-1", "a-1", "site-a", "b-1", word="second")
            await trio.sleep(SETTLED)
            assert len(told(follow)) == 2, told(follow)
            it.kill("site-a")
            await trio.sleep(90)
    assert given(follow, "before") == ["x-1"]
    assert given(follow, "first") == ["a-1", "site-a", "x-1"]
    assert given(follow, "second") == ["a-1", "b-1", "site-a", "x-1"], "nothing twice"
    lost = {host: lines for host, (status, lines) in parts(follow).items() if status is Status.UNAVAILABLE}
    assert lost.keys() == {"site-a", "a-1", "x-1"} or lost.keys() == {"site-a", "a-1"}
    assert parts(follow)["b-1"] == (Status.OK, 1)
