"""Agents that ask each other for others: who asks travels with each question, and each host applies its own rules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import hpack
import pytest
import trio
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame
from trio.testing import MockClock

from logagent.core.access.rules import Rule, Rules
from logagent.core.outcome import Status
from logagent.core.wire.caller import CALLER_HEADER, TAKES_HEADER
from logagent.peers.takers import REMEMBERED
from logagent.web.server.connections import serve_connection
from testbed.acting import ALL, ALLOW, Papers, access_of, make_papers
from testbed.cluster import Cluster, Reply, start_cluster

NAMES = {
    *("accept", "accept-encoding", "user-agent", "te", "traceparent"),
    *("log-scope", "log-asked-as", CALLER_HEADER),
}
"""All headers that go from agent to agent: those of earlier versions, and the caller."""
LINES = [b"2026-11-23T10:00:00Z one"]
HOSTS = {"web-1": LINES, "db-2": LINES}
WEB = {"web-1": ALL}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("acting"), "web-1", "db-2", "mail")


@asynccontextmanager
async def fleet(
    tmp_path: Path,
    papers: Papers,
    *,
    here: Rules | None = None,
    there: Rules | None = ALLOW,
    acting: Mapping[str, Any] | None = None,
    certificate: str | None = "web-1",
) -> AsyncIterator[Cluster]:
    """Agent `web-1`, which is asked in cleartext, and its peer `db-2`, which is asked over TLS."""
    access = {"web-1": access_of("web-1", here), "db-2": access_of("db-2", there, WEB if acting is None else acting)}
    tls = {"db-2": (papers.server("db-2"), papers.client(certificate))}
    rules = {"web-1": here or Rules()}
    async with start_cluster(tmp_path, HOSTS, tls=tls, access=access, rules=rules) as it:
        yield it


def part_of(reply: Reply, host: str = "db-2") -> tuple[Status, str]:
    [part] = [part for part in reply.verdict.hosts if part.host == host]
    return part.status, part.message


async def told_by_each_route(it: Cluster, who: str) -> dict[str, str]:
    """What is said of `db-2` by each route; empty where it answered."""
    logs = await it.ask("filename=app.log", shows=who)
    hits = await it.ask("filename=app.log", route="/hits", shows=who, accept="application/json")
    files = await it.ask("", route="/files", shows=who)
    hosts = await it.ask("", route="/hosts", shows=who)
    follow = await it.ask("filename=app.log&follow=true&n=1&timeout=3", shows=who, accept="application/x-ndjson")
    [state] = [state for state in json.loads(hosts.body)["hosts"] if state["name"] == "db-2"]
    return {
        "logs": part_of(logs)[1],
        "hits": _message(json.loads(hits.body)["end"]["hosts"]),
        "files": _message(json.loads(files.body)["hosts"]),
        "hosts": state["message"],
        "follow": _message(json.loads(follow.lines[-1])["end"]["hosts"]),
    }


def _message(hosts: list[dict[str, Any]]) -> str:
    [part] = [part for part in hosts if part["host"] == "db-2"]
    return str(part["message"])


@pytest.mark.parametrize("here", [None, ALLOW])
@pytest.mark.parametrize("who", ["token:alice", "unix:root@web-1", "oidc:7/ops"])
async def test_who_may_read_on_both_hosts_reads_both(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, here: Rules | None, who: str
) -> None:
    async with fleet(tmp_path, papers, here=here) as it:
        reply = await it.ask("filename=app.log", shows=who)
        assert (reply.lines, reply.verdict.complete) == (LINES * 2, True)
        assert set((await told_by_each_route(it, who)).values()) == {""}


async def test_whom_a_host_does_not_accept_it_names_by_every_route(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers) as it:
        reply = await it.ask("filename=app.log", shows="token:bob")
        assert (reply.lines, reply.verdict.complete) == (LINES, False)
        assert part_of(reply)[0] is Status.PERMISSION_DENIED
        for route, told in (await told_by_each_route(it, "token:bob")).items():
            assert 'no rule gives token:bob anything here; a [[rule]] with who = ["token:bob"] would' in told, route


async def test_only_agents_that_ask_for_others_say_by_which_way_a_question_came(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    """Whoever else knew the id of a question could ask first, and have the host pass it over without a failure."""
    way = f'id="{"0f" * 16}", way=("top";id="{"1e" * 16}")'
    async with fleet(tmp_path, papers, here=ALLOW) as it:
        for who in ({"shows": "token:alice"}, {}):
            reply = await it.ask("filename=app.log", log_scope="own", log_through=way, **who)
            assert (reply.status, b"only agents that ask for others may say" in reply.body) == (403, True)
        assert (await it.ask("filename=app.log", log_scope="own", shows="token:alice")).lines == LINES


async def test_nobody_is_nobody_on_other_hosts_too(autojump_clock: MockClock, tmp_path: Path, papers: Papers) -> None:
    async with fleet(tmp_path, papers) as it:
        status, told = part_of(await it.ask("filename=app.log"))
        assert (status, told[:18]) == (Status.PERMISSION_DENIED, "refuses who asks: ")


DEPUTIES = [
    pytest.param("web-1", {"mail": ALL}, "the agent web-1 may not ask for others here", id="not named"),
    pytest.param("mail", WEB, "the agent mail may not ask for others here", id="another's certificate"),
    pytest.param(
        "mail", {"mail": ALL}, "says that web-1 asks, which is no name in its certificate", id="another's name"
    ),
    pytest.param(None, WEB, "only agents may say for whom they ask", id="no certificate"),
    pytest.param("alice", WEB, "only agents may say for whom they ask", id="a person's certificate"),
    pytest.param("web-1", {"web-1": ("unix",)}, "web-1 may not ask for token here", id="not this kind"),
]


@pytest.mark.parametrize(("certificate", "acting", "why"), DEPUTIES)
async def test_an_agent_that_may_not_ask_for_others_is_named_by_every_route(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, certificate: str | None, acting: Any, why: str
) -> None:
    async with fleet(tmp_path, papers, acting=acting, certificate=certificate) as it:
        reply = await it.ask("filename=app.log", shows="token:alice")
        assert (reply.lines, part_of(reply)[0]) == (LINES, Status.PERMISSION_DENIED)
        for route, told in (await told_by_each_route(it, "token:alice")).items():
            assert why in told, route


async def test_an_agent_lends_nobody_its_own_rights_in_cleartext(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    access = {"web-1": access_of("web-1"), "db-2": access_of("db-2", Rules([Rule(allows=True, who=("*",))]), WEB)}
    async with start_cluster(tmp_path, HOSTS, access=access) as it:
        status, told = part_of(await it.ask("filename=app.log", shows="token:alice"))
        assert status is Status.PERMISSION_DENIED
        assert "only agents may say for whom they ask" in told


async def test_who_is_in_too_many_groups_is_not_told_in_part(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers) as it:
        for route, told in (await told_by_each_route(it, f"token:alice/{'x' * 2000}")).items():
            assert "is not asked, since it cannot be told of token:alice: a name of his" in told, route


async def test_an_agent_that_lists_itself_under_its_own_name_answers_once_and_leaves_no_line_about_it(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    access = {"web-1": access_of("web-1", ALLOW)}
    async with start_cluster(
        tmp_path, {"web-1": LINES}, access=access, rules={"web-1": ALLOW}, listed={"web-1": "web-1"}
    ) as it:
        reply = await it.ask("filename=app.log", shows="token:alice")
    assert (reply.lines, reply.verdict.complete) == (LINES, True)
    assert [record for record in caplog.records if record.name == "logagent.refusals"] == []


class Peer:
    """What a peer is asked, and how it answers as an agent that takes no callers."""

    def __init__(self, it: Cluster, *, old: bool = False) -> None:
        self.asked: list[tuple[str, dict[bytes, bytes]]] = []
        self.old = old
        serve = it.servers["db-2"]
        assert isinstance(serve, partial)
        app, self._tls = serve.args
        it.kill("db-2")
        it.servers["db-2"] = partial(self._serve, app)
        it.revive("db-2")

    async def _serve(self, app: Any, stream: Any) -> None:
        async def watched(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                self.asked.append((scope["path"], dict(scope["headers"])))
            await app(scope, receive, partial(self._send, send))

        if self._tls is not None:
            stream = trio.SSLStream(stream, self._tls, server_side=True, https_compatible=True)
        await serve_connection(watched, stream)

    async def _send(self, send: Any, message: MutableMapping[str, Any]) -> None:
        if self.old and message["type"] == "http.response.start":
            message["headers"] = [field for field in message["headers"] if field[0] != TAKES_HEADER.encode()]
        await send(message)

    def paths(self) -> list[str]:
        paths, self.asked[:] = [path for path, _ in self.asked], []
        return paths


TOO_OLD = "0 does not take the caller's identity, which rules here need: upgrade it"


async def test_a_peer_that_takes_no_callers_is_asked_nothing_where_there_are_rules_and_is_named(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers, here=ALLOW, there=None, acting={}) as it:
        peer = Peer(it, old=True)
        reply = await it.ask("filename=app.log", shows="token:alice")
        assert (reply.lines, reply.verdict.complete) == (LINES, False)
        assert part_of(reply) == (Status.PERMISSION_DENIED, TOO_OLD)
        for route, told in (await told_by_each_route(it, "token:alice")).items():
            assert told == (f"{TOO_OLD} (PERMISSION_DENIED)" if route == "hosts" else TOO_OLD), route
        assert set(peer.paths()) == {"/healthz"}
        peer.old = False
        assert (await it.ask("filename=app.log", shows="token:alice")).verdict.complete


async def test_a_peer_that_takes_no_callers_is_asked_as_before_where_there_are_no_rules(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers, there=None, acting={}) as it:
        peer = Peer(it, old=True)
        assert (await it.ask("filename=app.log", shows="token:alice")).verdict.complete
        assert peer.paths() == ["/logs"]
        assert set((await told_by_each_route(it, "token:alice")).values()) == {""}


async def test_what_a_peer_takes_is_remembered_for_a_while(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers, here=ALLOW) as it:
        peer = Peer(it)
        for _ in range(2):
            assert (await it.ask("filename=app.log", shows="token:alice")).verdict.complete
        assert peer.paths() == ["/healthz", "/logs", "/logs"]
        await trio.sleep(REMEMBERED)
        await it.ask("filename=app.log", shows="token:alice")
        assert peer.paths() == ["/healthz", "/logs"]


async def test_a_follow_that_comes_back_says_again_for_whom_it_asks(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers, here=ALLOW) as it, trio.open_nursery() as nursery:
        peer = Peer(it)
        ask = partial(it.ask, shows="token:alice", accept="application/x-ndjson")
        nursery.start_soon(ask, "filename=app.log&follow=true&n=1&timeout=20")
        await trio.sleep(5)
        it.kill("db-2")
        await trio.sleep(5)
        it.revive("db-2")
    followed = [headers for path, headers in peer.asked if path == "/logs"]
    assert len(followed) == 3  # the lines before, the follow, and the follow again
    assert {headers[CALLER_HEADER.encode()] for headers in followed} == {b'who="token:alice", chain=("web-1")'}


@pytest.mark.parametrize("file", ["app.log", "none.log"])
@pytest.mark.parametrize("route", ["/logs", "/hits", "/files"])
async def test_what_a_peer_answers_that_was_put_back_to_an_earlier_version_is_not_passed_on(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers, route: str, file: str
) -> None:
    async with fleet(tmp_path, papers, here=ALLOW) as it:
        peer = Peer(it)
        await it.ask("filename=app.log", shows="token:alice")
        peer.old = True
        question = f"filename={file}"
        reply = await it.ask(question, route=route, shows="token:alice", accept="application/json, */*;q=0.5")
        assert TOO_OLD.encode() in reply.body + str(reply.trailers).encode()
        assert peer.paths()[-1] == route
        await it.ask(question, route=route, shows="token:alice")
        assert peer.paths() == ["/healthz"]


async def test_a_caller_in_a_response_counts_for_nothing(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with fleet(tmp_path, papers) as it:
        peer = Peer(it)

        async def claim(send: Any, message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (CALLER_HEADER.encode(), b'who="token:alice", chain=("web-1")'),
                ]
            await send(message)

        peer._send = claim  # type: ignore[method-assign]
        assert part_of(await it.ask("filename=app.log", shows="token:bob"))[0] is Status.PERMISSION_DENIED
        reply = await it.ask("filename=app.log", shows="token:alice")
        assert reply.verdict.complete
        assert CALLER_HEADER not in reply.headers


async def test_every_question_carries_who_asks_and_nothing_that_he_showed(
    autojump_clock: MockClock, tmp_path: Path, papers: Papers
) -> None:
    async with start_cluster(tmp_path, HOSTS, access={"web-1": access_of("web-1")}) as it:
        sent = Wire(it)
        shown = {
            "authorization": "Bearer SECRET-1",
            "cookie": "session=SECRET-2",
            "proxy_authorization": "Basic SECRET-3",
            "x_api_key": "SECRET-4",
            "log_caller": 'who="token:SECRET-5", chain=("x")',
        }
        for route in ("/logs", "/hits", "/files", "/hosts"):
            await it.ask("" if route == "/hosts" else "filename=app.log", route=route, shows="token:alice/ops", **shown)
        await it.ask("filename=app.log&follow=true&n=1&timeout=3", shows="token:alice/ops", **shown)
        await it.ask("filename=app.log")
        everything, callers = sent.read()
        assert b"SECRET" not in everything
        assert b"shows" not in everything
        alice, nobody = 'who="token:alice", groups=("ops"), chain=("web-1")', 'who="anonymous", chain=("web-1")'
        assert callers == {alice, nobody}
        assert sent.requests == sent.with_caller
        assert sent.names - {":method", ":scheme", ":authority", ":path"} == NAMES


class Wire:
    """Every byte that is sent to a peer, and the requests in them."""

    def __init__(self, it: Cluster) -> None:
        self._connections: list[bytearray] = []
        serve = it.servers["db-2"]
        self.requests = self.with_caller = 0
        self.names = set[str]()

        async def tapped(stream: Any) -> None:
            got = bytearray()
            self._connections.append(got)
            receive = stream.receive_some

            async def receive_some(most: int | None = None) -> Any:
                received = await receive(most)
                got.extend(received)
                return received

            stream.receive_some = receive_some
            await serve(stream)

        it.kill("db-2")
        it.network.host("db-2", tapped)

    def read(self) -> tuple[bytes, set[str]]:
        """Return all that was sent, with its headers uncompressed, and the callers in it."""
        texts, callers = [], set[str]()
        for connection in self._connections:
            decoder, at = hpack.Decoder(), len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            texts.append(bytes(connection))
            while at < len(connection):
                frame, length = Frame.parse_frame_header(memoryview(connection)[at : at + 9])
                frame.parse_body(memoryview(connection)[at + 9 : at + 9 + length])
                at += 9 + length
                assert not isinstance(frame, ContinuationFrame)
                if isinstance(frame, DataFrame):
                    texts.append(frame.data)
                if isinstance(frame, HeadersFrame):
                    fields = decoder.decode(frame.data)
                    texts += [f"{name}: {value}".encode() for name, value in fields]
                    self.names.update(str(name) for name, _ in fields)
                    told = [value for name, value in fields if name == CALLER_HEADER]
                    self.requests, self.with_caller = self.requests + 1, self.with_caller + len(told)
                    callers.update(map(str, told))
        return b"\n".join(texts), callers
