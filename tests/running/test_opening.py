"""Listeners that change while an agent serves."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trio

from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.peers.client.http_client import connect
from logagent.peers.client.tls import client_tls
from logagent.running.opening import Openings
from logagent.web.server.connections import serve
from logagent.web.server.listening import server_tls
from testbed.asgi import Follow
from testbed.certificates import Pki, make_pki
from testbed.raw_http import GET, LAST_CHUNK

pytestmark = pytest.mark.real


@asynccontextmanager
async def opened(*listen: str, **settings: Any) -> AsyncIterator[tuple[Openings, Follow]]:
    """Listeners on which connections are accepted, and the application that answers them with one endless answer."""
    openings, app, stopping = Openings(Settings(name="web-1", listen=listen, **settings), None), Follow(), trio.Event()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, answer, openings.accepting, stopping=stopping, graceful=0.0))
        yield openings, app
        stopping.set()


async def change(openings: Openings, *listen: str, tls: Any = None, **settings: Any) -> bool:
    """Change the listeners, and return whether one has to wait for a restart."""
    changed = Settings(name="web-1", listen=listen, **settings)
    made = openings.changed(changed, tls)
    expected = openings.addresses_after(made, changed)
    await openings.commit(made, changed, tls, drain=False)
    assert openings.addresses == expected
    return made.taken


async def begun(address: str) -> trio.SocketStream:
    """A connection on which an answer has begun."""
    client = await trio.open_tcp_stream("127.0.0.1", urlsplit(address).port or 0)
    await client.send_all(GET)
    assert (await client.receive_some()).startswith(b"HTTP/1.1 200 ")
    return client


async def test_a_listener_that_is_gone_closes_and_its_answers_go_on() -> None:
    async with opened("http://127.0.0.1:0") as (openings, app):
        [gone] = openings.addresses
        client = await begun(gone)
        assert not await change(openings, "http://[::1]:0")
        assert [urlsplit(address).hostname for address in openings.addresses] == ["::1"]
        with pytest.raises(OSError, match="all attempts to connect"):
            await trio.open_tcp_stream("127.0.0.1", urlsplit(gone).port or 0)
        app.finish.set()
        received = b""
        while piece := await client.receive_some():
            received += piece
        assert received.endswith(LAST_CHUNK), "to its end, and then the connection ends"
        await client.aclose()


async def test_a_port_that_a_listener_holds_which_is_gone_takes_a_restart() -> None:
    async with opened("http://127.0.0.1:0") as (openings, _):
        [before] = openings.addresses
        port = urlsplit(before).port
        assert await change(openings, f"http://0.0.0.0:{port}", allow_cleartext=True)
        assert openings.addresses == [before]


async def test_a_place_that_another_program_holds_changes_nothing() -> None:
    async with opened("http://127.0.0.1:0") as (openings, _), opened("http://127.0.0.1:0") as (other, _):
        before = openings.addresses
        with pytest.raises(OSError, match="another program listens there"):
            await change(openings, "http://[::1]:0", *other.addresses)
        assert openings.addresses == before


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


async def test_a_port_may_speak_https_from_then_on(pki: Pki) -> None:
    async with opened("http://127.0.0.1:0") as (openings, app):
        [before] = openings.addresses
        app.finish.set()
        tls = server_tls(*pki.pair("good"), pki.ca)
        # As settings have it, by the port that was taken: `127.0.0.1:0` is the same place whatever it speaks.
        await change(openings, "https://127.0.0.1:0", tls=tls)
        [after] = openings.addresses
        assert after == before.replace("http:", "https:")
        async with connect(after, tls=client_tls(pki.ca)) as client:
            assert (await client.get("/")).status_code == 200


async def test_https_needs_a_certificate() -> None:
    async with opened("http://127.0.0.1:0") as (openings, _):
        with pytest.raises(ConfigError, match="needs a certificate"):
            openings.changed(Settings(name="web-1", listen=("https://127.0.0.1:0",)), None)


async def test_a_unix_socket_takes_another_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    async with opened(f"unix:{path}", listen_mode=0o600) as (openings, _):
        await change(openings, f"unix:{path}", listen_mode=0o640)
        assert stat.S_IMODE((await trio.Path(path).stat()).st_mode) == 0o640
