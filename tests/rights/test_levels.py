"""Who is given what of two hosts, the second of which is asked by the first: each host goes by its own rules."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from trio.testing import MockClock

from logagent.core.outcome import Status
from testbed.acting import Papers, make_papers
from testbed.all_routes import ROUTES, Route
from testbed.cluster import Reply
from testbed.guarded import DB, WEB, two_agents
from testbed.known_tree import QUESTIONS
from testbed.who_sees import PEOPLE, SETS, Oracle

PAIRS = [
    *((name, name) for name in SETS),
    *(("none", name) for name in SETS if name != "none"),
    *(("allow all", name) for name in SETS if name not in ("allow all", "none")),
    *(("hosts", "by identity"), ("what", "by group"), ("by identity", "what"), ("back", "none"), ("by group", "back")),
]
"""The rules of the first host, and those of the second."""


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("papers"), WEB, DB)


def expected(here: str, there: str, who: str, route: Route, question: str) -> dict[str, Oracle]:
    """Who decides about each host that is asked."""
    first, second = Oracle(here, WEB, who), Oracle(there, DB, who)
    asks = Oracle(here, DB, who)
    asked = {}
    if not first.accepts():
        return {}
    if first.gives(*route.whats):
        asked[WEB] = first
    if asks.gives(*route.whats):
        asked[DB] = second
    return asked


def parts(reply: Reply) -> dict[str, int]:
    """The status of each host in an answer's verdict."""
    if reply.trailers:
        return {part.host: part.status for part in reply.verdict.hosts}
    return {part["host"]: part["status"] for part in json.loads(reply.body)["hosts"]}


@pytest.mark.parametrize(("here", "there"), PAIRS)
async def test_everybody_is_given_what_the_tables_say_of_each_host(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, here: str, there: str
) -> None:
    draw = random.Random(f"{here} {there}")
    async with two_agents(tmp_path, papers, here, there) as it:
        for who in PEOPLE:
            kind, question = draw.choice(list(ROUTES)), draw.choice(list(QUESTIONS))
            route = ROUTES[kind]
            reply = await route.ask(it, who, question)
            deciding = expected(here, there, who, route, question)
            lines = {
                (host, file): lines
                for host, oracle in deciding.items()
                for file, lines in oracle.counted(route.whats, question).items()
            }
            assert route.told(reply) == route.tells(lines), (who, kind, question)
            if reply.status == 200:
                assert parts(reply).keys() == deciding.keys(), (who, kind, question)
                refused = {host for host, oracle in deciding.items() if not oracle.accepts()}
                assert {host for host, status in parts(reply).items() if status == Status.PERMISSION_DENIED} >= refused
            else:
                assert not lines


@pytest.mark.parametrize(
    ("here", "there"), [("what", "none"), ("hosts", "hosts"), ("none", "what"), ("by group", "what")]
)
async def test_a_host_that_gives_somebody_nothing_is_not_named(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, here: str, there: str
) -> None:
    async with two_agents(tmp_path, papers, here, there) as it:
        for who in PEOPLE:
            reply = await it.ask("", route="/hosts", shows=who)
            shown = [host for host in (DB, WEB) if Oracle(here, host, who).gives("hosts")]
            if Oracle(here, WEB, who).accepts():
                assert [host["name"] for host in json.loads(reply.body)["hosts"]] == shown
            else:
                assert reply.status in (401, 403)
