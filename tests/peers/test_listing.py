"""What becomes of another agent's listing, and of what is none."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import HostOutcome, Status
from logagent.core.query import Query
from logagent.core.wire.listing import ListedFile, ListedLog, Listing, to_json
from logagent.peers import listing, listing_answers
from testbed.responses import Body

LISTING = Listing(
    (ListedLog("web-1", "app.log", (ListedFile("app.log", 3, 7),)),), (HostOutcome("web-1", Status.OK, "well"),)
)
OWN = Query.of(files=("**/*",), own=True)


class Agent(httpx.AsyncBaseTransport):
    """Answers every request in one way, and keeps the requests."""

    def __init__(self, body: bytes, status: int = 200, error: Exception | None = None) -> None:
        self._body = body
        self._status = status
        self._error = error
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self._error is not None:
            raise self._error
        return httpx.Response(self._status, extensions={"body": Body(self._body)})


async def listed(agent: Agent) -> Listing:
    async with httpx.AsyncClient(transport=agent, base_url="http://a") as client:
        return await listing.listing_of(client, "w1", OWN, 5)


async def test_listing_carries_the_name_by_which_the_host_is_known() -> None:
    agent = Agent(json.dumps(to_json(LISTING)).encode())
    assert await listed(agent) == LISTING.of_host("w1")
    [request] = agent.requests
    assert (request.url.path, request.headers["log-scope"]) == ("/files", "own")


@pytest.mark.parametrize(
    ("agent", "status", "message"),
    [
        (Agent(b"<html>"), Status.INTERNAL, "answered with something else than files; is it an agent?"),
        (Agent(b"\xff"), Status.INTERNAL, "answered with something else than files; is it an agent?"),
        (Agent(b"[" * 100_000), Status.INTERNAL, "answered with something else than files; is it an agent?"),
        (Agent(b"{}", 404), Status.UNAVAILABLE, "lists no files; is it an agent, and as new as this one?"),
        (
            Agent(b'{"detail": "show a certificate"}', 401),
            Status.PERMISSION_DENIED,
            "refuses who asks: show a certificate",
        ),
        (Agent(b"", error=httpx.ConnectError("x")), Status.UNAVAILABLE, "cannot connect: x"),
        (Agent(b" " * 101), Status.RESOURCE_EXHAUSTED, "lists more than 100 bytes; narrow the glob"),
    ],
)
async def test_host_without_a_listing_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, agent: Agent, status: Status, message: str
) -> None:
    if status is Status.RESOURCE_EXHAUSTED:
        monkeypatch.setattr(listing_answers, "MAX_LISTING", 100)
    assert await listed(agent) == Listing((), (HostOutcome("w1", status, message),))


def lying(**changed: Any) -> Agent:
    """An agent whose listing is changed: the document, or a member of its one file, named by `file_`."""
    document = to_json(LISTING)
    for name, value in changed.items():
        if name.startswith("file_"):
            document["files"][0][name.removeprefix("file_")] = value
        else:
            document[name] = value
    return Agent(json.dumps(document).encode())


LIES = [
    (lying(hosts=[]), "answered for 0 hosts, but was asked for its own files"),
    (lying(hosts=to_json(LISTING)["hosts"] * 2), "answered for 2 hosts, but was asked for its own files"),
    (lying(complete=False), "complete contradicts the status of the hosts"),
    (lying(files={}), "files is missing, or is no list"),
    (lying(files=[1]), "an object was expected"),
    (lying(file_generations=[]), "a log without generations"),
    (lying(file_generations=[{"name": "a", "size": -1}]), "size is a number that cannot be"),
    (lying(file_generations=[{"name": "a", "size": 2**64}]), "size is a number that cannot be"),
    (lying(file_generations=[{"name": "a", "size": True}]), "size is missing, or is no int"),
    (lying(file_generations=[{"name": "a", "size": 1, "modified": "then"}]), "modified is no time"),
    (lying(file_name="\ud800"), "name is no text"),
    (lying(file_formats=[{}]), "formats holds something else than texts"),
    (lying(file_oldest="tomorrow"), "oldest is no time"),
    (lying(notes=[{"kind": "link", "files": ["\ud800"], "count": 1, "host": ""}]), "files holds something else than"),
    (lying(notes=[{"kind": "link", "files": [], "count": -1, "host": ""}]), "count is a number that cannot be"),
]


@pytest.mark.parametrize(("agent", "message"), LIES)
async def test_listing_that_cannot_be_is_refused_with_what_is_wrong(agent: Agent, message: str) -> None:
    told = await listed(agent)
    assert (told.logs, told.hosts[0].host, told.hosts[0].status) == ((), "w1", Status.INTERNAL)
    assert message in told.hosts[0].message


async def test_bug_while_asking_is_the_hosts_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    told = await listed(Agent(b"", error=ZeroDivisionError()))
    assert told.hosts == (HostOutcome("w1", Status.INTERNAL, "internal error while asking"),)
    assert "asking http://a for its files failed" in caplog.text


async def test_listing_that_takes_longer_than_the_patience_is_none(autojump_clock: MockClock) -> None:
    class Silent(Agent):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await trio.sleep_forever()
            raise AssertionError

    assert (await listed(Silent(b""))).hosts == (HostOutcome("w1", Status.UNAVAILABLE, "no answer within 5 s"),)
