"""Whether a client gets all that was sent to it, and whether it can tell a cut answer from a whole one."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.web.server.connections import serve_connection
from logagent.web.server.endings import end_in_order
from logagent.web.server.listening import server_tls
from testbed.asgi import Follow, body, hello, start
from testbed.raw_http import Http1Client

Open = Callable[..., Http1Client]

GET_1_0 = b"GET / HTTP/1.0\r\nhost: test\r\n\r\n"
GET_AND_CLOSE = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"
TEXT = bytes(range(256)) * 2000
"""Half a megabyte: more than is on its way at once."""


async def cut(scope: Any, receive: Any, send: Any) -> None:
    """Answer in part, as where a budget has run out."""
    await start(send)
    await body(send, TEXT)


async def broken(scope: Any, receive: Any, send: Any) -> None:
    """Answer in part, and fail."""
    await cut(scope, receive, send)
    raise ValueError("lost the file")


async def whole(scope: Any, receive: Any, send: Any) -> None:
    """Answer in full."""
    await start(send)
    await body(send, TEXT)
    await body(send, b"the end", more=False)


@asynccontextmanager
async def tcp_pair() -> AsyncIterator[tuple[trio.SocketStream, trio.SocketStream]]:
    """A client's and a server's end of a connection; whoever gets the server's closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = await trio.open_tcp_stream("127.0.0.1", listener.getsockname()[1])
        accepted, _ = listener.accept()
    async with theirs:
        yield theirs, trio.SocketStream(trio.socket.from_stdlib_socket(accepted))


async def read_on(stream: trio.abc.Stream) -> tuple[bytes, bool]:
    """Everything that comes, and whether it ended in order."""
    received = bytearray()
    try:
        while chunk := await stream.receive_some():
            received += chunk
    except trio.BrokenResourceError:
        return bytes(received), False
    return bytes(received), True


# HTTP/1.0, where only the end of the connection ends an answer


@pytest.mark.real
@pytest.mark.parametrize("app", [cut, broken])
async def test_cut_answer_over_http_1_0_arrives_and_ends_in_a_reset(nursery: trio.Nursery, app: Any) -> None:
    async with tcp_pair() as (theirs, ours):
        nursery.start_soon(serve_connection, app, ours)
        await theirs.send_all(GET_1_0)
        received, in_order = await read_on(theirs)
    assert received.endswith(b"\r\n\r\n" + TEXT)
    assert not in_order


@pytest.mark.real
async def test_whole_answer_over_http_1_0_arrives_and_ends_in_order(nursery: trio.Nursery) -> None:
    async with tcp_pair() as (theirs, ours):
        nursery.start_soon(serve_connection, whole, ours)
        await theirs.send_all(GET_1_0)
        received, in_order = await read_on(theirs)
    assert received.endswith(TEXT + b"the end")
    assert in_order


@pytest.mark.real
async def test_answer_over_http_1_0_that_the_end_of_the_server_cuts_ends_in_a_reset() -> None:
    async with tcp_pair() as (theirs, ours), trio.open_nursery() as serving:
        serving.start_soon(serve_connection, Follow(), ours)
        await theirs.send_all(GET_1_0)
        received = b""
        while not received.endswith(b"first"):
            received += await theirs.receive_some()
        serving.cancel_scope.cancel()
        assert await read_on(theirs) == (b"", False)


@pytest.mark.real
async def test_answer_over_http_1_0_to_a_client_that_ends_its_side_ends_in_a_reset(nursery: trio.Nursery) -> None:
    async with tcp_pair() as (theirs, ours):
        nursery.start_soon(serve_connection, Follow(), ours)
        await theirs.send_all(GET_1_0)
        await wait_all_tasks_blocked()
        await theirs.send_eof()
        _, in_order = await read_on(theirs)
    assert not in_order


@pytest.mark.real
async def test_cut_answer_over_http_1_1_ends_in_order_without_its_last_chunk(nursery: trio.Nursery) -> None:
    async with tcp_pair() as (theirs, ours):
        nursery.start_soon(serve_connection, cut, ours)
        await theirs.send_all(GET_AND_CLOSE)
        received, in_order = await read_on(theirs)
    assert received.endswith(TEXT + b"\r\n")
    assert in_order


@pytest.mark.real
@pytest.mark.parametrize("app", [cut, whole])
async def test_cut_answer_over_tls_and_http_1_0_is_told_from_a_whole_one(
    issued: Any, nursery: trio.Nursery, app: Any
) -> None:
    context = ssl.create_default_context(cafile=issued.certificate)
    async with tcp_pair() as (theirs, ours):
        tls = trio.SSLStream(ours, server_tls(issued.certificate, issued.key, None), server_side=True)
        nursery.start_soon(serve_connection, app, tls)
        client = trio.SSLStream(theirs, context, server_hostname="127.0.0.1")
        await client.send_all(GET_1_0)
        received, in_order = await read_on(client)
    assert TEXT in received
    assert in_order is (app is whole)


# The end comes at once


@pytest.mark.parametrize("request_bytes", [GET_1_0, GET_AND_CLOSE])
async def test_end_of_the_connection_comes_with_the_end_of_the_answer(
    mock_clock: MockClock, open_http1: Open, request_bytes: bytes
) -> None:
    client = open_http1(whole)
    await client.send(request_bytes)
    assert client.ended


@pytest.mark.real
async def test_end_over_tls_comes_although_the_client_does_not_end_its_side(issued: Any, nursery: trio.Nursery) -> None:
    context = ssl.create_default_context(cafile=issued.certificate)
    async with tcp_pair() as (theirs, ours):
        tls = trio.SSLStream(ours, server_tls(issued.certificate, issued.key, None), server_side=True)
        nursery.start_soon(serve_connection, hello, tls)
        client = trio.SSLStream(theirs, context, server_hostname="127.0.0.1")
        await client.send_all(GET_AND_CLOSE + GET_AND_CLOSE)
        received, in_order = await read_on(client)
    assert (b"hello" in received, in_order) == (True, True)


@pytest.mark.real
async def test_connection_is_closed_once_the_client_has_everything() -> None:
    async with tcp_pair() as (theirs, ours):
        await ours.send_all(b"last")
        await end_in_order(ours)
        assert await read_on(theirs) == (b"last", True)


async def test_request_behind_the_last_one_is_passed_over(open_http1: Open) -> None:
    client = open_http1(hello)
    await client.send(GET_AND_CLOSE + GET_AND_CLOSE)
    assert (client.received.count(b"hello"), client.received.count(b"HTTP/1.1"), client.ended) == (1, 1, True)


async def test_idle_connection_ends_with_the_server(mock_clock: MockClock, open_http1: Open) -> None:
    context = WorkerContext(None)
    client = open_http1(hello, context=context)
    await client.send(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.ended
