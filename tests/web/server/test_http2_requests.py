"""Requests as HTTP/2 clients send them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from h2.settings import SettingCodes

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
        pytest.param(pseudo(path=b"http://test/"), id="path that is a URL"),
        pytest.param(pseudo(path=b""), id="empty path"),
        pytest.param(pseudo(path=b"/ \0"), id="path with a NUL"),
        pytest.param(pseudo(path=None), id="no path"),
        pytest.param([*pseudo(), (b"X", b"y")], id="name in capitals"),
        pytest.param([*pseudo(), (b"connection", b"close")], id="field of HTTP/1.1"),
        pytest.param([(b"x", b"y"), *pseudo()], id="pseudo-header fields behind others"),
        pytest.param([*pseudo()[:2], (b":authority", b"[::1"), (b":path", b"/")], id="authority without its bracket"),
    ],
)
async def test_request_that_no_app_can_be_given_is_answered_400(open_http2: Any, headers: Any) -> None:
    client = await open_http2(follow)
    bystander = await client.ask(b"/follow")
    answer = client.start_with(headers)
    await client.flush()
    assert (answer.status, answer.ended) == (400, True)
    told = json.loads(answer.body)
    assert (told["status"], told["trace_id"].encode()) == (400, answer.headers[b"log-trace-id"])
    assert answer.headers[b"content-type"] == b"application/problem+json"
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
    answer = client.start_with([(b":method", b"GET"), (b":scheme", b"http"), *names, (b":path", b"/")])
    await client.flush()
    assert (asked, answer.status) == ([], 400)


@pytest.mark.parametrize("more", [1, 100 * KIB])
async def test_address_that_is_too_long_is_answered_414(open_http2: Any, more: int) -> None:
    client = await open_http2(hello_with_trailers)
    answer = await client.ask(b"/" + b"x" * (LIMITS.target_bytes + more))
    assert (answer.status, "61440 bytes" in json.loads(answer.body)["detail"]) == (414, True)
    assert (await client.ask(b"/" + b"x" * (LIMITS.target_bytes - 1))).status == 200


@pytest.mark.parametrize("more", [1, 100 * KIB])
async def test_head_that_is_too_large_is_answered_431(open_http2: Any, more: int) -> None:
    client = await open_http2(hello_with_trailers)
    answer = await client.ask(extra=[(b"x", b"y" * (LIMITS.header_bytes + more))])
    assert (answer.status, "65536 bytes" in json.loads(answer.body)["detail"]) == (431, True)
    assert (await client.ask(method=b"HEAD")).status == 200


async def test_refusal_of_a_request_for_a_head_has_no_body(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    answer = client.start_with(pseudo(method=b"HEAD", path=b"logs"))
    await client.flush()
    assert (answer.status, answer.ended, answer.body) == (400, True, b"")


async def test_refusal_waits_for_the_window_of_its_client(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
    await client.flush()
    answer = client.start_with(pseudo(path=b"logs"))
    await client.flush()
    assert (answer.status, answer.ended) == (400, False)
    client.h2.increment_flow_control_window(1000, answer.stream_id)
    await client.flush()
    assert answer.ended


async def test_connect_without_a_path_fails_alone(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    neighbour = await open_http2(hello_with_trailers)
    await client.raw(b"")
    client.start_with([(b":method", b"CONNECT"), (b":authority", b"test:443")])
    await client.flush()
    assert (await neighbour.ask()).ended
