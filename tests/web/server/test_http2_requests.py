"""Requests as HTTP/2 clients send them."""

from __future__ import annotations

from typing import Any

import pytest
from h2.errors import ErrorCodes

from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import follow, hello_with_trailers

LIMITS = ConnectionLimits()
KIB = 1024
FRAME = 16 * KIB


def pseudo(method: bytes = b"GET", path: bytes | None = b"/") -> list[tuple[bytes, bytes]]:
    fields = [(b":method", method), (b":scheme", b"http"), (b":authority", b"test")]
    return fields if path is None else [*fields, (b":path", path)]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(pseudo(path=b"/\xff"), id="path beyond ASCII"),
        pytest.param(pseudo(method=b"G\xcbT"), id="method beyond ASCII"),
        pytest.param(pseudo(path=b"logs"), id="path without its slash"),
    ],
)
async def test_request_that_no_app_can_be_given_is_answered_400(open_http2: Any, headers: Any) -> None:
    client = await open_http2(follow)
    bystander = await client.ask(b"/follow")
    answer = client.start_with(headers)
    await client.flush()
    assert (answer.status, answer.ended) == (400, True)
    assert (bystander.reset, client.goaway) == (None, None)


@pytest.mark.parametrize(
    "names",
    [[(b":authority", b"a"), (b"host", b"b")], [(b"host", b"a"), (b"host", b"b")], [], [(b":authority", b"a")] * 2],
)
async def test_request_that_names_two_hosts_or_none_never_reaches_an_app(
    open_http2: Any, names: list[tuple[bytes, bytes]]
) -> None:
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])

    client = await open_http2(app)
    client.start_with([(b":method", b"GET"), (b":scheme", b"http"), *names, (b":path", b"/")])
    await client.flush()
    assert (asked, client.goaway) == ([], ErrorCodes.PROTOCOL_ERROR)


async def test_connect_without_a_path_fails_alone(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    neighbour = await open_http2(hello_with_trailers)
    await client.raw(b"")
    client.start_with([(b":method", b"CONNECT"), (b":authority", b"test:443")])
    await client.flush()
    assert (await neighbour.ask()).ended
