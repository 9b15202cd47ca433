"""Rules at the leaf, at the site and at the top of a tree: what one of them hides is not seen above, by any route."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from testbed.acting import ALL, Papers, make_papers
from testbed.cluster import Cluster
from testbed.guarded_tree import COMBINATIONS, HOSTS, guarded_tree, line, named_as_denying, seen
from testbed.whole_follows import append

ALICE = {"shows": "token:alice"}
EVERY = "filename=*.log"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("tree"), *HOSTS)


def logs_of(lines: list[bytes]) -> list[tuple[str, str]]:
    return sorted((text.split()[1].decode(), text.split()[2].decode()) for text in lines)


def denying(hosts: list[dict[str, Any]]) -> set[str]:
    assert {part["status"] for part in hosts} <= {0, int(Status.PERMISSION_DENIED)}
    return {part["host"] for part in hosts if part["status"]}


async def pages(it: Cluster) -> list[bytes]:
    read, cursor = list[bytes](), ""
    while True:
        reply = await it.ask(f"{EVERY}&n=2{cursor}", **ALICE)
        read += reply.lines
        if not reply.verdict.cursor or not reply.lines:
            return read
        cursor = f"&cursor={reply.verdict.cursor}"


async def followed(it: Cluster, written: str) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """What a follow gives that is written while it runs, and the hosts of its verdict."""
    answers = list[bytes]()

    async def follow() -> None:
        reply = await it.ask(f"{EVERY}&follow=true&n=0&timeout=6", accept="application/x-ndjson", **ALICE)
        answers.extend(reply.lines)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow)
        await trio.sleep(2)
        for host in HOSTS:
            for file in ("app.log", "secret.log"):
                append(it.file(host, file), f"{line(host, file, 30)} {written}".encode())
    records = [json.loads(one) for one in answers]
    lines = [record["line"].encode() for record in records if "line" in record]
    return logs_of(lines), records[-1]["end"]["hosts"]


@pytest.mark.parametrize(("top", "site", "leaf"), COMBINATIONS)
async def test_what_a_rule_hides_at_any_level_is_not_seen_above(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, top: str, site: str, leaf: str
) -> None:
    shown, denied = sorted(seen(top, site, leaf)), named_as_denying(top, site, leaf)
    hidden = "a-1" not in {*denied, *(host for host, _ in shown)}
    async with guarded_tree(tmp_path, papers, top, site, leaf) as it:
        for _ in range(2):  # what is known of hosts behind a primary is told from the second question on
            logs = await it.ask(EVERY, **ALICE)
            assert logs_of(logs.lines) == shown
            assert {part.host for part in logs.verdict.hosts if part.status} == denied
            assert logs.verdict.complete is not denied or not denied
            assert hidden is not any(part.host == "a-1" for part in logs.verdict.hosts) or site == "nothing"
        few = await it.ask(f"{EVERY}&n=2", **ALICE)
        assert len(few.lines) == min(2, len(shown)), "hidden lines count for nothing"
        assert logs_of(await pages(it)) == shown
        hits = await it.ask(EVERY, route="/hits", accept="application/json", **ALICE)
        end = json.loads(hits.body)["end"]
        assert (end["lines"], denying(end["hosts"])) == (len(shown), denied)
        files = json.loads((await it.ask("", route="/files", **ALICE)).body)
        assert sorted((log["host"], log["name"]) for log in files["files"]) == shown
        assert denying(files["hosts"]) == denied
        states = json.loads((await it.ask("", route="/hosts", **ALICE)).body)["hosts"]
        if hidden and site != "nothing":
            assert "a-1" not in {state["name"] for state in states}
            assert (await it.ask(f"{EVERY}&hostname=a-1", **ALICE)).status == 404
            for reply in (logs, few, hits):
                assert b"a-1" not in reply.body
                assert "a-1" not in str(reply.trailers)
        lines, parts = await followed(it, "followed")
        assert (lines, denying(parts)) == (shown, denied)
        assert not (hidden and site != "nothing" and "a-1" in {part["host"] for part in parts})


async def test_a_hidden_host_that_fails_is_no_failure(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with guarded_tree(tmp_path, papers, "not a-1", "all", "all") as it:
        await it.ask(EVERY, **ALICE)
        it.kill("a-1")
        logs = await it.ask(EVERY, **ALICE)
        assert logs.verdict.complete, logs.verdict
        assert "a-1" not in str(logs.trailers)
        it.kill("site-a")
        lost = await it.ask(EVERY, **ALICE)
        [part] = [part for part in lost.verdict.hosts if part.status]
        assert (part.host, part.message.endswith("; behind it: a-2")) == ("site-a", True)


DEPUTIES = [
    ({"site-a": ALL}, "top may not ask for token here"),
    ({"top": ALL}, "the agent site-a may not ask for others here"),
    ({"top": ALL, "site-a": ("unix",)}, "site-a may not ask for token here"),
]


@pytest.mark.parametrize(("deputies", "why"), DEPUTIES)
async def test_each_link_of_the_chain_must_be_allowed_and_else_the_leaf_is_named(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, deputies: dict[str, Any], why: str
) -> None:
    async with guarded_tree(tmp_path, papers, "all", "all", "all", deputies=deputies) as it:
        logs = await it.ask(EVERY, **ALICE)
        files = json.loads((await it.ask("", route="/files", **ALICE)).body)
        _, parts = await followed(it, "followed")
    assert logs_of(logs.lines) == sorted((host, file) for host, file in seen("all", "all", "all") if host != "a-1")
    told = {part.host: part.message for part in logs.verdict.hosts if part.status is Status.PERMISSION_DENIED}
    assert [*told] == ["a-1"]
    assert why in told["a-1"]
    assert denying(files["hosts"]) == denying(parts) == {"a-1"}
