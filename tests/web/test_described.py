"""The route of the description: what it answers, and to whom."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from trio.testing import MockClock

from logagent.core.access.rules import Rule, Rules
from logagent.web.access import Access
from logagent.web.described import description
from testbed.cluster import Cluster
from testbed.described import DOCUMENT
from testbed.reloadable import reloadable

Start = Callable[..., AbstractAsyncContextManager[Cluster]]


async def test_it_is_the_document_of_this_version(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[]) as it:
        reply = await it.ask("", route="/openapi.json")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.body) == DOCUMENT


async def test_it_is_told_to_everybody(autojump_clock: MockClock, cluster: Start) -> None:
    rules = Rules([Rule(allows=True, who=("token:alice",))])
    nobody = Access(["web0"], certificate_required=True, host="web0", rules=rules)
    async with cluster({"access": {"web0": nobody}}, web0=[]) as it:
        asked = [await it.ask("", route=route) for route in ("/hosts", "/openapi.json")]
    assert [reply.status for reply in asked] == [401, 200]


async def test_it_tells_nothing_of_this_agent_but_its_version(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(secrethost=[b"a secret line"]) as it:
        reply = await it.ask("", route="/openapi.json")
    assert b"secret" not in reply.body.replace(b'"securitySchemes"', b"")


def test_it_is_made_once() -> None:
    assert description("0") is description("0")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_head_is_answered_as_get_without_a_body(autojump_clock: MockClock, tmp_path: Path, method: str) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:00Z one\n")
    async with reloadable(tmp_path) as it, it.client() as client:
        for path in DOCUMENT["paths"]:
            async with client.stream(method, f"{path}?filename=app.log" if path in ("/logs", "/hits") else path) as got:
                assert got.status_code == 200
                assert bool([chunk async for chunk in got.aiter_raw() if chunk]) is (method == "GET")


async def test_head_looks_at_no_log_as_the_description_says(autojump_clock: MockClock, tmp_path: Path) -> None:
    assert "HEAD is answered as GET, without a body,\nand without a look at any log" in DOCUMENT["info"]["description"]
    async with reloadable(tmp_path) as it, it.client() as client:
        assert [(await client.request(method, "/logs?filename=app.log")).status_code for method in ("GET", "HEAD")] == [
            404,
            200,
        ]


async def test_the_routes_that_a_404_names_are_those_described(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with reloadable(tmp_path) as it:
        status, body = await it.text("/")
    told = json.loads(body)["detail"]
    assert status == 404
    assert told.partition("there are ")[2].split(", ") == sorted(DOCUMENT["paths"])


@pytest.mark.real
def test_an_agent_that_nobody_asks_for_it_has_not_loaded_what_makes_it() -> None:
    code = "import sys, logagent.web.app; print([name for name in sys.modules if 'web.description' in name])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout == "[]\n"
