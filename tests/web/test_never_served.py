"""Secrets beside logs, asked for over HTTP: in every route as if they were not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from trio.testing import MockClock

from logagent.peers.client.http_client import chunks
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINE = b"2026-11-23T10:00:00Z a line\n"
SECRET = b"2026-11-23T10:00:00Z a secret\n"
FILES = {
    "app.log": LINE,
    ".env": SECRET,
    ".env.1": SECRET,
    "id_rsa": SECRET,
    "x/config.v2.json": SECRET,
    "x/server.key": SECRET,
}
QUESTIONS = ("/logs?filename={}", "/hits?filename={}", "/files?filename={}", "/logs?filename={}&hostname=web1&n=5")


TRACE = f"00-{'ab' * 16}-{'cd' * 8}-01"
HIDDEN = (".env", ".env.1", "id_rsa", "x/config.v2.json", "x.log")


async def answer(it: Cluster, question: str, name: str) -> tuple[int, bytes, list[str]]:
    """What is answered about a file, without its name."""
    route, _, query = question.format(name).partition("?")
    reply = await it.ask(query, route=route, traceparent=TRACE)
    assert b"secret" not in reply.body
    return reply.status, reply.body.replace(name.encode(), b"NAME"), sorted(reply.trailers)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_secret_is_answered_as_what_is_not_there(
    autojump_clock: MockClock, cluster: Start, question: str
) -> None:
    async with cluster(web0=FILES, web1=FILES) as it:
        for host in ("web0", "web1"):
            it.file(host, "x.log").symlink_to(".env")
        missing, *secret = [await answer(it, question, name) for name in ("no-such", *HIDDEN)]
    assert secret == [missing] * len(HIDDEN)


async def test_globs_give_no_secret_in_any_route(autojump_clock: MockClock, cluster: Start) -> None:
    asked = "filename=**/*&filename=.*&filename=x/*&filename=*.key"
    async with cluster(web0=FILES, web1=FILES) as it:
        lines = await it.ask(f"{asked}&prefix=true")
        hits = await it.ask(f"{asked}&step=1d", route="/hits", accept="text/plain")
        files = json.loads((await it.ask(asked, route="/files")).body)
    assert sorted(lines.lines) == [f"{host} app.log: ".encode() + LINE.strip() for host in ("web0", "web1")]
    assert lines.verdict.complete
    assert lines.verdict.notes == ()
    assert hits.verdict.lines == 2
    assert [file["name"] for file in files["files"]] == ["app.log", "app.log"]


async def test_a_follow_gives_no_secret(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=FILES) as it, it.client() as client:
        query = "filename=.env&filename=.*&filename=**/*&follow=true&n=5&heartbeat=1s"
        async with client.stream("GET", f"/logs?{query}", headers={"accept-encoding": "identity"}) as response:
            received = b""
            async for chunk in chunks(response):
                received += chunk
                if received.count(LINE) == 1:
                    it.file("web0", ".env").write_bytes(2 * SECRET)
                    it.file("web0").write_bytes(2 * LINE)
                if received.count(LINE) == 2:
                    break
    assert received == 2 * LINE
