"""Requests that are refused before the application sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import memory_stream_pair

from logagent.web.server.client_connection import ClientConnection
from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import hello
from testbed.raw_http import GET, Http1Client, Http2Client


def admit(scope: Mapping[str, Any]) -> tuple[int, str] | None:
    return (401, "not you") if scope["path"] == "/logs" else None


class Asked:
    """Answers, and keeps which paths it was asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.paths.append(scope["path"])
        await hello(scope, receive, send)


def connected(nursery: trio.Nursery, app: Any) -> tuple[Any, ClientConnection]:
    theirs, ours = memory_stream_pair()
    connection = ClientConnection(ASGIWrapper(app), ours, ConnectionLimits(), WorkerContext(None), {}, admit=admit)
    nursery.start_soon(connection.run)
    return theirs, connection


async def test_request_over_http1_that_is_not_admitted_never_reaches_the_app(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    app = Asked()
    client = Http1Client(connected(nursery, app)[0])
    nursery.start_soon(client.receive)
    received = await client.send(GET.replace(b"GET /", b"GET /logs"))
    assert received.startswith(b"HTTP/1.1 401 ")
    told = json.loads(received.partition(b"\r\n\r\n")[2])
    assert (told["status"], told["detail"]) == (401, "not you")
    [line] = caplog.records
    said = line.getMessage(), vars(line)["status"], vars(line)["trace_id"]
    assert said == ("GET /logs: not you", 401, told["trace_id"])
    assert b"hello" in await client.send(GET)
    assert app.paths == ["/"]


async def test_request_over_http2_that_is_not_admitted_never_reaches_the_app(nursery: trio.Nursery) -> None:
    app = Asked()
    client = Http2Client(*connected(nursery, app))
    await client.open(nursery)
    refused, admitted = await client.ask(b"/logs"), await client.ask(b"/healthz")
    assert (refused.status, json.loads(refused.body)["status"], refused.ended) == (401, 401, True)
    assert refused.headers[b"log-trace-id"].decode() == json.loads(refused.body)["trace_id"]
    assert (admitted.status, app.paths) == (200, ["/healthz"])
