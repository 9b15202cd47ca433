"""Fetching a document from a server that is no agent, over TLS and memory pipes."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Failure
from logagent.peers.fetching import fetch_json
from logagent.web.server.connections import serve_connection
from logagent.web.server.listening import server_tls
from testbed.asgi import body, start
from testbed.certificates import Pki, make_pki
from testbed.network import MemoryNetwork

HOST = "login.example.org"
URL = f"https://{HOST}/keys?v=1"
JSON = [(b"content-type", b"application/jwk-set+json; charset=utf-8")]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls"), name=HOST)


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls"), name=HOST)


class Documents:
    """Answers with a document, and keeps which requests came."""

    def __init__(self, document: bytes = b"{}", status: int = 200, headers: Any = JSON) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = document, status, headers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope)
        document, status, headers = self._answer
        await start(send, status=status, headers=headers)
        for at in range(0, len(document), 100_000):
            await body(send, document[at : at + 100_000])
        await body(send, b"", more=False)


@asynccontextmanager
async def serving(tls: ssl.SSLContext, talk: Callable[[Any], Any]) -> AsyncIterator[MemoryNetwork]:
    """A server on a network, whose every connection is served by `talk` after its handshake."""

    async def serve(raw: Any) -> None:
        await talk(trio.SSLStream(raw, tls, server_side=True, https_compatible=True))

    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host(HOST, serve)
        yield network
        nursery.cancel_scope.cancel()


async def fetched(pki: Pki, app: Any, *, most: int = 1_000_000) -> bytes:
    async with serving(server_tls(*pki.pair("good"), None), partial(serve_connection, app)) as network:
        return await fetch_json(URL, ca=pki.ca, most=most, network=network)


async def refusal(pki: Pki, app: Any) -> str:
    async with serving(server_tls(*pki.pair("good"), None), partial(serve_connection, app)) as network:
        with pytest.raises(Failure) as caught:
            await fetch_json(URL, ca=pki.ca, most=1_000_000, network=network)
    return caught.value.message


async def test_a_document_is_fetched_whole_over_http2(pki: Pki) -> None:
    app = Documents(b'{"keys": []}' + b" " * 500_000)
    assert len(await fetched(pki, app)) == 500_012
    [asked] = app.asked
    assert (asked["http_version"], asked["method"]) == ("2", "GET")
    assert asked["raw_path"] + b"?" + asked["query_string"] == b"/keys?v=1"
    assert (b"accept-encoding", b"identity") in asked["headers"]


async def test_a_server_without_http2_is_asked_over_http1(pki: Pki) -> None:
    tls = server_tls(*pki.pair("good"), None)
    tls.set_alpn_protocols(["http/1.1"])
    app = Documents(b"[1]")
    async with serving(tls, partial(serve_connection, app)) as network:
        assert await fetch_json(URL, ca=pki.ca, most=10, network=network) == b"[1]"
    assert app.asked[0]["http_version"] == "1.1"


@pytest.mark.parametrize(
    "kind", [b"application/json", b"text/plain", b"application/octet-stream", b"", b"Application/JSON"]
)
async def test_the_type_is_looked_at_loosely(pki: Pki, kind: bytes) -> None:
    assert await fetched(pki, Documents(headers=[(b"content-type", kind)])) == b"{}"


@pytest.mark.parametrize(
    ("app", "why"),
    [
        (Documents(status=404), "the answer is 404 Not Found"),
        (Documents(status=500), "the answer is 500"),
        (Documents(status=204), "the answer is 204"),
        (
            Documents(status=302, headers=[(b"location", b"https://evil.example/")]),
            "redirect to 'https://evil.example/'",
        ),
        (Documents(headers=[(b"content-type", b"text/html")]), "the answer is 'text/html', not JSON"),
        (Documents(headers=[*JSON, (b"content-encoding", b"gzip")]), "the answer is compressed"),
        (Documents(b" " * 1_000_001), "the document has more than 1000000 bytes"),
        (Documents(b" " * 50_000_000), "the document has more than 1000000 bytes"),
    ],
)
async def test_what_is_no_document_is_told(pki: Pki, app: Documents, why: str) -> None:
    assert why in await refusal(pki, app)
    assert len(app.asked) == 1


async def test_a_server_that_is_not_there_is_told(pki: Pki, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        with pytest.raises(Failure, match="cannot connect"):
            await fetch_json(URL, ca=pki.ca, most=10, network=MemoryNetwork(nursery))


async def test_a_server_that_breaks_off_is_told(pki: Pki) -> None:
    async def break_off(tls: trio.SSLStream[Any]) -> None:
        await tls.do_handshake()
        await tls.transport_stream.aclose()

    async with serving(server_tls(*pki.pair("good"), None), break_off) as network:
        with pytest.raises(Failure, match=r"connection lost|cannot connect"):
            await fetch_json(URL, ca=pki.ca, most=10, network=network)


@pytest.mark.parametrize(
    ("host", "why"), [("good", "self-signed certificate|unable to get"), ("ended", "expired|unable")]
)
async def test_a_certificate_that_does_not_count_is_told_without_advice_for_agents(
    pki: Pki, strangers: Pki, host: str, why: str
) -> None:
    async def shake_hands(tls: trio.SSLStream[Any]) -> None:
        with pytest.raises(trio.BrokenResourceError):
            await tls.do_handshake()

    async with serving(server_tls(*strangers.pair(host), None), shake_hands) as network:
        with pytest.raises(Failure, match=f"its certificate is refused: .*({why})") as caught:
            await fetch_json(URL, ca=pki.ca, most=10, network=network)
    assert "logagent certs" not in caught.value.message


async def test_a_server_that_hangs_is_left_when_the_caller_has_enough(pki: Pki, autojump_clock: MockClock) -> None:
    async def hang(scope: Any, receive: Any, send: Any) -> None:
        await trio.sleep_forever()

    with trio.move_on_after(10) as in_time:
        await fetched(pki, hang)
    assert in_time.cancelled_caught


async def test_authorities_that_cannot_be_read_are_told(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_text("odd")
    for name, why in (("odd.pem", "there is no certificate in PEM"), ("none.pem", "No such file")):
        with pytest.raises(Failure, match=f"{name} cannot be used: {why}"):
            await fetch_json(URL, ca=tmp_path / name)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "xn--a.example..", "a..example"])
async def test_an_address_that_names_no_host_is_told(host: str) -> None:
    with pytest.raises(Failure, match=r"the address cannot be used|cannot connect"):
        await fetch_json(f"https://{host}/keys", ca=None)
