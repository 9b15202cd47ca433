"""The beginning of a connection: what a client is told whose handshake fails, and what is logged of it."""

from __future__ import annotations

import re
import ssl
from typing import Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from logagent.web.server.connections import serve_connection
from logagent.web.server.handshake import ServerTls, first_certificate, shake_hands
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import server_tls
from logagent.web.server.refusals import Refusals
from testbed.asgi import hello

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "logagent.refusals"]


async def said_to(issued: Any, *sent: bytes, tls: bool = True) -> bytes:
    """All that a client gets that sends some bytes and then its end."""
    theirs, ours = memory_stream_pair()
    stream: Any = ours
    if tls:
        server = server_tls(issued.certificate, issued.key, issued.certificate)
        stream = trio.SSLStream(ours, server, server_side=True, https_compatible=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, hello, stream)
        for piece in sent:
            await theirs.send_all(piece)
        await theirs.send_eof()
        received = b""
        while some := await theirs.receive_some():
            received += some
    return received


@pytest.mark.parametrize(
    "first",
    [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"DELETE / HTTP/1.1\r\n\r\n", PREFACE, b"CONNECT x:1 HTTP/1.1\r\n\r\n"],
)
async def test_http_on_a_port_that_speaks_https_is_answered_in_http(
    autojump_clock: MockClock, issued: Any, caplog: pytest.LogCaptureFixture, first: bytes
) -> None:
    answer = await said_to(issued, first)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert re.search(rb"\r\nlog-trace-id: [0-9a-f]{32}\r\n", answer)
    assert answer.endswith(b"\r\n\r\nthis port speaks https; ask it by https://\n")
    assert logged(caplog) == ["speaks http on a port that speaks https"]


async def test_tls_on_a_port_that_speaks_http_is_answered_at_once(
    autojump_clock: MockClock, issued: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await said_to(issued, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", tls=False)
    assert answer.endswith(b"\r\n\r\nthis port speaks http; ask it by http://\n")
    assert logged(caplog) == ["speaks https on a port that speaks http"]


async def test_garbage_is_logged(autojump_clock: MockClock, issued: Any, caplog: pytest.LogCaptureFixture) -> None:
    await said_to(issued, b"\x00\x01garbage")
    assert logged(caplog) == ["the handshake failed: wrong version number"]


async def test_who_connects_and_says_nothing_is_not_logged(
    autojump_clock: MockClock, issued: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert await said_to(issued) == b""
    assert logged(caplog) == []


async def test_handshake_that_is_broken_off_is_logged(
    autojump_clock: MockClock, issued: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await said_to(issued, b"\x16\x03\x01\x02\x00")
    assert logged(caplog) == [
        "the client broke the handshake off without saying why; it may not trust this agent's certificate"
    ]


async def test_handshake_that_takes_too_long_is_logged(
    autojump_clock: MockClock, issued: Any, caplog: pytest.LogCaptureFixture
) -> None:
    theirs, ours = memory_stream_pair()
    server = server_tls(issued.certificate, issued.key, None)
    stream = trio.SSLStream(ours, server, server_side=True, https_compatible=True)
    await serve_connection(hello, stream, limits=ConnectionLimits(handshake_timeout=3))
    assert logged(caplog) == ["no handshake within 3 s"]
    await theirs.aclose()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_records_are_not_looked_at_once_the_handshake_is_done(issued: Any, version: ssl.TLSVersion) -> None:
    server = server_tls(issued.certificate, issued.key, issued.certificate)
    theirs, ours = memory_stream_pair()
    stream = trio.SSLStream(ours, server, server_side=True, https_compatible=True)
    context = ssl.create_default_context(cafile=issued.certificate)
    context.load_cert_chain(issued.certificate, issued.key)
    context.maximum_version = version
    client = trio.SSLStream(theirs, context, server_hostname="127.0.0.1", https_compatible=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shake_hands, stream, 5.0, Refusals(None))
        await client.do_handshake()
    assert stream.context is server.quiet
    assert stream.transport_stream is ours
    assert stream.getpeercert(binary_form=True) == issued.der
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.send_all, b"hello")
        assert await stream.receive_some() == b"hello"


def test_certificates_that_are_shown_are_seen_in_the_handshake(issued: Any) -> None:
    # What is told here by a private part of Python's ssl: see `ServerTls`.
    context = ServerTls(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    context.load_verify_locations(issued.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.watch()
    pipes = [ssl.MemoryBIO(), ssl.MemoryBIO()]
    server = context.wrap_bio(*pipes, server_side=True)
    showing = ssl.create_default_context(cafile=issued.certificate)
    showing.load_cert_chain(issued.certificate, issued.key)
    client = showing.wrap_bio(*reversed(pipes), server_hostname="127.0.0.1")
    for end in (client, server, client, server):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    certificate = context.shown_by(server)
    assert certificate is not None
    assert certificate.subject == "test"


@pytest.mark.parametrize("context", [b"", b"\x00", b"\x05abcde"])
def test_first_certificate_of_a_message(context: bytes) -> None:
    extensions = b"\x00\x00" if context else b""
    entries = b"\x00\x00\x04leaf" + extensions + b"\x00\x00\x02ca" + extensions
    body = context + len(entries).to_bytes(3, "big") + entries
    assert first_certificate(b"\x0b" + len(body).to_bytes(3, "big") + body) == b"leaf"


@pytest.mark.parametrize(
    "message", [b"\x0b\x00\x00\x04\x00\x00\x00\x00", b"\x0b\x00\x00\x00", b"\x0b\x00\x00\x01\xff", b""]
)
def test_a_message_without_a_certificate_has_none(message: bytes) -> None:
    assert first_certificate(message) == b""
