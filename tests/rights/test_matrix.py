"""Who is given what by which route, over all identities, rules, links and globs: as the tables of the testbed say."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from trio.testing import MockClock

from testbed.all_routes import ROUTES, Route
from testbed.guarded import WEB, one_agent
from testbed.known_tree import QUESTIONS
from testbed.who_sees import PEOPLE, SETS, Oracle


def drawn(name: str) -> Iterator[tuple[str, str, str]]:
    """Everybody with every route, and questions that all come, each about as often."""
    draw = random.Random(name)
    questions = itertools.chain.from_iterable(draw.sample(list(QUESTIONS), len(QUESTIONS)) for _ in itertools.count())
    for who, route in itertools.product(PEOPLE, ROUTES):
        yield who, route, next(questions)


def status_of(oracle: Oracle, route: Route, question: str) -> int:
    """What an agent answers; a list may be empty, and a follow waits for what its globs may find."""
    if not oracle.accepts():
        return 401 if oracle.who == "anonymous" else 403
    if not oracle.gives(*route.whats):
        return 403
    waits = "follow" in route.whats and "*" in question
    return 200 if waits or route.path == "/files" or oracle.counted(route.whats, question) else 404


@pytest.mark.parametrize("name", SETS)
async def test_everybody_is_given_what_the_tables_say_by_every_route(
    autojump_clock: MockClock, tmp_path: Path, name: str
) -> None:
    async with one_agent(tmp_path, name) as it:
        for who, kind, question in drawn(name):
            oracle, route = Oracle(name, WEB, who), ROUTES[kind]
            reply = await route.ask(it, who, question)
            counted = {(WEB, file): lines for file, lines in oracle.counted(route.whats, question).items()}
            given = (reply.status, route.told(reply))
            assert given == (status_of(oracle, route, question), route.tells(counted)), (who, kind, question)


@pytest.mark.parametrize("name", SETS)
async def test_hosts_are_told_to_whom_the_tables_say(autojump_clock: MockClock, tmp_path: Path, name: str) -> None:
    async with one_agent(tmp_path, name) as it:
        for who in PEOPLE:
            oracle = Oracle(name, WEB, who)
            reply = await it.ask("", route="/hosts", shows=who)
            if oracle.accepts():
                assert [host["name"] for host in json.loads(reply.body)["hosts"]] == [WEB] * oracle.gives("hosts")
            else:
                assert reply.status == (401 if who == "anonymous" else 403)
