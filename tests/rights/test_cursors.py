"""A cursor gives whoever has it no right: he goes on by it in what he may read himself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from trio.testing import MockClock

from testbed.acting import Papers, make_papers
from testbed.all_routes import of_lines
from testbed.cluster import Cluster
from testbed.guarded import DB, WEB, one_agent, two_agents
from testbed.who_sees import Oracle

EVERYTHING = "**/*"
PEOPLE = ("token:alice", "oidc:alice", "token:bob", "anonymous")
SETS = ("by identity", "allow before deny", "back")


async def begun(it: Cluster, who: str, more: str = "") -> str:
    """A cursor in the midst of all that somebody may read; empty if there is none."""
    reply = await it.ask(f"filename={EVERYTHING}&n=3{more}", shows=who)
    return reply.trailers.get("log-cursor", "")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("papers"), WEB, DB)


async def pages(it: Cluster, who: str, more: str, *, cursor: str = "") -> Counter[object]:
    """All lines by host and file that somebody is given from a cursor on."""
    found: Counter[object] = Counter()
    while True:
        at = f"&cursor={quote(cursor)}" if cursor else ""
        reply = await it.ask(f"filename={EVERYTHING}&n=40{more}{at}", shows=who)
        if reply.status != 200:
            assert not found
            return found
        found += Counter(of_lines(reply))
        cursor = reply.trailers["log-cursor"]
        if not (cursor and reply.lines):  # from older to newer lines there is always a cursor: a log may grow
            return found


def allowed(name: str, hosts: Sequence[str], who: str) -> Counter[object]:
    return Counter(
        {
            (host, file): lines
            for host in hosts
            if Oracle(name, host, who).accepts()
            for file, lines in Oracle(name, host, who).counted(["logs"], EVERYTHING).items()
        }
    )


@pytest.mark.parametrize("more", ["", "&order=oldest"])
@pytest.mark.parametrize("name", SETS)
async def test_pages_are_all_that_somebody_may_read_and_from_anothers_cursor_no_more(
    autojump_clock: MockClock, tmp_path: Path, name: str, more: str
) -> None:
    async with one_agent(tmp_path, name) as it:
        cursors = [await begun(it, who, more) for who in PEOPLE]
        for who in PEOPLE:
            whole = allowed(name, [WEB], who)
            assert await pages(it, who, more) == whole
            for cursor in filter(None, cursors):
                assert await pages(it, who, more, cursor=cursor) <= whole, who


@pytest.mark.parametrize("name", ["by identity", "hosts"])
async def test_the_cursor_of_another_opens_no_file_of_another_host(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, name: str
) -> None:
    async with two_agents(tmp_path, papers, name, name) as it:
        cursors = [await begun(it, who) for who in PEOPLE]
        for who in PEOPLE:
            whole = allowed(name, [WEB, DB], who)
            assert await pages(it, who, "") == (whole if Oracle(name, WEB, who).accepts() else Counter())
            for cursor in filter(None, cursors):
                assert await pages(it, who, "", cursor=cursor) <= whole, who


async def test_the_last_event_of_another_is_no_right(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with one_agent(tmp_path, "by identity") as it:
        question = f"filename={EVERYTHING}&n=3&cursors=true"
        reply = await it.ask(question, shows="token:alice", accept="text/event-stream")
        last = next(line[4:] for line in reply.body.decode().splitlines() if line.startswith("id: "))
        answer = await it.ask(
            f"filename={EVERYTHING}&n=100&cursors=true",
            shows="cert:alice",
            accept="text/event-stream",
            last_event_id=last,
        )
    assert answer.status == 200
    assert b"nginx" in answer.body
    assert b"log:app.log" not in answer.body
