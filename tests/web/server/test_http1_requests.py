"""Requests over HTTP/1.1 that are refused, before any application sees them, and the connection with them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from trio.testing import MockClock

from logagent.web.server.http1_requests import MOST_SMALL_PIECES
from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import hello
from testbed.raw_http import GET, LAST_CHUNK, Http1Client

LIMITS = ConnectionLimits()
Open = Callable[..., Http1Client]

POST = b"POST / HTTP/1.1\r\nhost: test\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"


def problem(received: bytes) -> dict[str, Any]:
    """The problem document of an answer, whose head agrees with it."""
    head, _, body = received.partition(b"\r\n\r\n")
    document = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % document["status"])
    assert b"\r\ncontent-type: application/problem+json" in head
    assert b"\r\nconnection: close" in head.lower()
    assert b"\r\nlog-trace-id: " + document["trace_id"].encode() in head
    assert re.fullmatch("[0-9a-f]{32}", document["trace_id"])
    return document  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("request_bytes", "status", "detail"),
    [
        (b"GET http://[::1/ HTTP/1.1\r\nhost: test\r\n\r\n", 400, "host of the request"),
        (b"GET logs HTTP/1.1\r\nhost: test\r\n\r\n", 400, "neither a path nor a URL"),
        (b"GET / HTTP/1.1\r\nhost: [::1\r\n\r\n", 400, "host of the request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "Host"),
        (POST + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400, "both"),
        (POST + b"transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n", 400, "both"),
        (POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", 400, "conflicting"),
        (POST + b"content-length: 1, 2\r\n\r\n", 400, "conflicting"),
        (POST + b"content-length: +1\r\n\r\n", 400, "bad Content-Length"),
        (POST + b"transfer-encoding: chunked, gzip\r\n\r\n", 501, "chunked"),
        (POST + b"transfer-encoding: xchunked\r\n\r\n", 501, "chunked"),
        (POST.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n\r\n", 400, "HTTP/1.0"),
        (b"GET / HTTP/1.1\r\nhost: test\r\nx: a\r\n b\r\n\r\n", 400, "folded"),
        (b"GET / HTTP/1.1\r\nhost: test\r\nx: a\rb\r\n\r\n", 400, "carriage return"),
        (b"GET / HTTP/1.1\r\nhost : test\r\n\r\n", 400, "no HTTP request"),
        (b"GET / HTTP/1.1\r\nhost: test\r\nx: a\0b\r\n\r\n", 400, "no HTTP request"),
        (b"\r\n\r\n", 400, "no HTTP request"),
        (b"GET /" + b"x" * LIMITS.target_bytes + b" HTTP/1.1\r\nhost: test\r\n\r\n", 414, "61440 bytes"),
        (b"GET /" + b"x" * LIMITS.target_bytes, 414, "61440 bytes"),
        (b"GET / HTTP/1.1\r\nhost: test\r\nx: " + b"x" * LIMITS.header_bytes, 431, "65536 bytes"),
        (b"GET / HTTP/1.1\r\nhost: test\r\nx: " + b"x" * LIMITS.header_bytes + b"\r\n\r\n", 431, "65536 bytes"),
        (b"GET / HTTP/1.1\r\nhost: test\r\n" + b"x: y\r\n" * 11_000 + b"\r\n", 431, "65536 bytes"),
    ],
)
async def test_request_is_refused_with_a_problem_and_a_line(
    open_http1: Open, caplog: pytest.LogCaptureFixture, request_bytes: bytes, status: int, detail: str
) -> None:
    client = open_http1(hello)
    told = problem(await client.send(request_bytes))
    assert told["status"] == status
    assert detail in told["detail"]
    assert client.ended
    [line] = [record for record in caplog.records if record.name == "logagent.refusals"]
    said = line.getMessage(), vars(line)["status"], vars(line)["trace_id"]
    assert said == (told["detail"], status, told["trace_id"])


async def test_refusal_of_a_request_for_a_head_has_none(open_http1: Open) -> None:
    client = open_http1(hello)
    received = await client.send(b"HEAD http://[::1/ HTTP/1.1\r\nhost: test\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.endswith(b"\r\n\r\n")


async def test_url_as_a_target_is_asked_for_its_path_and_host(open_http1: Open) -> None:
    asked: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append((scope["raw_path"], scope["query_string"], dict(scope["headers"])[b"host"]))
        await hello(scope, receive, send)

    client = open_http1(app)
    await client.send(b"GET http://[::1]:80/logs?a=b HTTP/1.1\r\nhost: other\r\n\r\n")
    assert asked == [(b"/logs", b"a=b", b"[::1]:80")]


async def test_second_request_is_judged_as_the_first_is(open_http1: Open) -> None:
    client = open_http1(hello)
    await client.send(GET + GET + b"GET / HTTP/1.1\r\nhost: test\r\nx: a\r\n b\r\n\r\n")
    first, second, third = client.received.split(b"HTTP/1.1 ")[1:]
    assert (first.endswith(LAST_CHUNK), second.endswith(LAST_CHUNK), third[:4]) == (True, True, b"400 ")
    assert client.ended


async def test_body_in_tiny_pieces_ends_the_connection(open_http1: Open) -> None:
    held = open_http1(hello)
    await held.send(CHUNKED + b"1\r\nx\r\n" * (MOST_SMALL_PIECES + 1))
    assert held.ended


@pytest.mark.parametrize("bad", [b"1\r\nx\r\n" * (MOST_SMALL_PIECES + 1), b"zz\r\n", b"1\r\nxyz\r\n0\r\n\r\n"])
async def test_malformed_body_of_a_request_under_way_is_refused_once(
    open_http1: Open, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    client = open_http1(app)
    await client.send(CHUNKED)
    await client.send(bad)
    assert (problem(client.received)["status"], client.ended) == (400, True)
    assert len(caplog.records) == 1


async def test_requests_that_come_byte_by_byte_end_the_connection(
    open_http1: Open, mock_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    client = open_http1(hello, limits=ConnectionLimits(idle_frames=100, idle_frames_per_second=1.0))
    for byte in GET:
        await client.send(bytes([byte]))
    assert b"hello" in client.received
    for _ in range(101 - len(GET)):
        assert not client.ended
        await client.send(b"G")
    assert client.ended
    assert "pieces that are too small" in caplog.text


async def test_bytes_of_a_bad_request_are_not_shown_as_python_writes_them(open_http1: Open) -> None:
    client = open_http1(hello)
    assert "bytearray" not in problem(await client.send(b"GET /healthz\r\n\r\n"))["detail"]
