"""Agents asked by real clients of this machine: over loopback and over a Unix socket, each known by its user."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from logagent.core.access.local_rights import LocalRights
from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.peers.client.http_client import connect
from logagent.web.access import Access
from logagent.web.admission.local_client import introduce
from logagent.web.admission.local_users import LocalUsers
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.server.connections import serve
from logagent.web.server.listening import listen, listen_unix
from testbed.fake_agent import FakeAgent
from testbed.trees import Unprivileged

pytestmark = pytest.mark.real


async def nothing(query: Query, out: Out) -> Outcome:
    return Outcome()


@asynccontextmanager
async def agent(own: int) -> AsyncIterator[list[str]]:
    """An agent of a user that listens on loopback and on a socket; its URLs."""
    users = LocalUsers(LocalRights(own=own))
    access = Access(["web0"], certificate_required=False, local_users=users)
    app = create_app(FakeAgent(nothing), Answers("web0", 10), version="0", access=access)
    listeners, stopping = [listen("127.0.0.1", 0, None), listen_unix(Path("agent.sock"), 0o666, None)], trio.Event()
    async with trio.open_nursery() as nursery:
        serving = partial(serve, app, listeners, introduce=introduce, stopping=stopping, graceful=1.0)
        await nursery.start(serving)
        yield [listener.address for listener in listeners]
        stopping.set()


async def status(url: str, route: str) -> int:
    async with connect(url) as client:
        return (await client.get(route)).status_code


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the tests run, since the path of a socket is short; nothing may be left there."""
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


async def test_its_own_user_is_served_on_both() -> None:
    async with agent(os.geteuid()) as urls:
        assert [await status(url, "/hosts") for url in urls] == [200, 200]


async def test_another_user_is_refused_on_both() -> None:
    """Root, who is served by every agent, asks as nobody; another user asks an agent of root's."""
    async with agent(0) as urls:
        with Unprivileged():
            assert [await status(url, "/hosts") for url in urls] == [403, 403]
            assert [await status(url, "/healthz") for url in urls] == [200, 200]
