"""Clients that go away before their answer has ended, or stop reading it, or speak no HTTP."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlencode, urlsplit

import httpx
import trio

from logagent.peers.client.http_client import chunks, connect
from soaking.account import Ending
from soaking.asking import HANGING, TEXT, Client
from soaking.writing import COPIED, LIVE, STATIC

_LINGER_NOT = struct.pack("ii", 1, 0)
"""A socket that is closed so resets its connection."""
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NOWHERE = "/nonsense"
"""The path of a request that is malformed, but comes to a route."""
NONSENSE = (
    b"GET " + NOWHERE.encode() + b" HTTP/1.1\r\n\r\n",  # no Host
    b"GET " + NOWHERE.encode() + b" HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    b"\x00" * 100,
    _PREFACE + b"\x00\x00\x04\x09\xff\x00\x00\x00\x01junk",  # a continuation of nothing
    _PREFACE + b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\xff\xff\xff\xff",  # a window that is too large
    _PREFACE + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + b"\x00\x00\x02\x01\x05\x00\x00\x00\x01\xff\xff",  # bad HPACK
    _PREFACE[:10],
    b"",
)


async def soon(client: Client) -> None:
    """Leave within some milliseconds, by a reset of the stream, be it before the head or after."""
    log, merged = client.chance.choice((STATIC, LIVE, COPIED)), client.chance.random() < 0.5
    which = {} if merged else {"hostname": client.common.primary}
    before = client.common.logs.extents()
    with trio.move_on_after(client.chance.uniform(0, 0.05)):
        async with client.asking("/logs", {"filename": log, **which}) as (asked, response):
            client.ended(asked, response, await response.aread(), before)


async def after_some(client: Client) -> None:
    """Leave after some pieces of the body, by a reset of the stream."""
    pieces = client.chance.randrange(1, 8)
    async with client.asking("/logs", {"filename": STATIC}) as (_, response):
        async for _ in chunks(response):
            pieces -= 1
            if not pieces:
                break


async def closing(client: Client) -> None:
    """Leave by closing the connection, on which another question may be under way."""
    async with trio.open_nursery() as nursery:
        for _ in range(client.chance.randrange(1, 4)):
            nursery.start_soon(_read_while_open, client)
        await trio.sleep(client.chance.uniform(0, 0.2))
        await client.renew()


async def _read_while_open(client: Client) -> None:
    log, before = client.chance.choice((STATIC, LIVE, COPIED)), client.common.logs.extents()
    try:
        async with client.asking("/logs", {"filename": log}, if_broken=Ending.LEFT) as (asked, response):
            client.ended(asked, response, await response.aread(), before)
    except (httpx.TransportError, trio.ClosedResourceError):
        pass
    except RuntimeError as error:  # httpx's, where the client was closed before the request began
        if "closed" not in str(error):
            raise


async def resetting(client: Client) -> None:
    """Leave by resetting a connection of HTTP/1.1 in the middle of an answer."""
    asked = client.common.account.begin(client.kind, "GET", "/logs")
    asked.ending = Ending.LEFT
    url = urlsplit(client.common.url)
    stream = await trio.open_tcp_stream(url.hostname or "", url.port or 0)
    async with stream:
        trace = f"traceparent: 00-{asked.trace}-{client.chance.getrandbits(64) | 1:016x}-01"
        query = urlencode({"filename": client.chance.choice((STATIC, LIVE))})
        head = f"GET /logs?{query} HTTP/1.1\r\nhost: {url.netloc}\r\naccept: {TEXT}\r\n{trace}\r\n\r\n"
        await stream.send_all(head.encode())
        for _ in range(client.chance.randrange(4)):
            if (await stream.receive_some(16 * 1024)).startswith(b"HTTP/1.1 "):
                asked.status = 200
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)


async def stopping_to_read(client: Client) -> None:
    """Stop reading for a while, with a connection of its own; then read on, or leave."""
    http = connect(client.common.url)
    wanted = client.common.wanted(STATIC, merged=client.chance.random() < 0.2)
    which = {} if len(wanted.hosts) > 1 else {"hostname": client.common.primary}
    before = client.common.logs.extents()
    async with http:
        with trio.fail_after(HANGING):
            async with client.asking("/logs", {"filename": STATIC, **which}, http=http) as (asked, response):
                body = bytearray(await anext(aiter(chunks(response))))
                await trio.sleep(client.chance.uniform(1, 8))
                if client.chance.random() < 0.5:
                    return
                async for chunk in chunks(response):
                    body += chunk
                client.check(client.ended(asked, response, bytes(body), before), wanted)


async def nonsense(client: Client) -> None:
    """Send what is no question, and wait until the agent closes the connection, or go."""
    url = urlsplit(client.common.url)
    stream = await trio.open_tcp_stream(url.hostname or "", url.port or 0)
    async with stream:
        with trio.move_on_after(client.chance.uniform(0, 1)):
            try:
                await stream.send_all(client.chance.choice(NONSENSE))
                while await stream.receive_some(4096):
                    pass
            except trio.BrokenResourceError:
                pass
    client.common.account.disturbances["nonsense sent"] += 1
