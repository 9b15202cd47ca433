"""An agent as a process is made of its settings: what they say of who may ask holds on its sockets."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from logagent.config.settings import Settings
from logagent.peers.client.http_client import connect
from logagent.running.serving import serve
from logagent.web.server.listening import server_tls
from testbed.certificates import make_pki
from testbed.one_server import over_tls, says
from testbed.one_server import serving as provider_serving
from testbed.provider import AUDIENCE, ISSUER, document, jwk, token

pytestmark = pytest.mark.real
SOCKET = "unix:agent.sock"
FRIEND, STRANGER = 4711, 4712
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The served directory, which is the current one, since the path of a socket is short."""
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for name in ("app.log", "payroll.csv"):
        (tmp_path / name).write_text("2026-11-29T10:00:00Z a line\n")
    return tmp_path


@asynccontextmanager
async def agent(root: Path, **settings: Any) -> AsyncIterator[list[str]]:
    """An agent on loopback and on a socket; its URLs."""
    listen = ("http://127.0.0.1:0", SOCKET)
    urls: list[str] = []
    ready = trio.Event()

    def started(addresses: Any) -> None:
        urls.extend(addresses)
        ready.set()

    async with trio.open_nursery() as nursery:
        given = Settings(name="web-1", root=(root,), listen=listen, **settings)
        nursery.start_soon(lambda: serve(given, started=started))
        await ready.wait()
        yield urls
        nursery.cancel_scope.cancel()


async def status(url: str, route: str = "/hosts", **headers: str) -> int:
    async with connect(url) as client:
        return (await client.get(route, headers=headers)).status_code


def socket_in(root: Path) -> Path:
    return root / "agent.sock"


@contextmanager
def being(user: int) -> Iterator[None]:
    """Ask as another user, whom the agent in this process becomes too: it reads no file meanwhile."""
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_it_says_where_it_listens_and_leaves_no_socket(root: Path) -> None:
    async with agent(root, listen_mode=0o640) as urls:
        assert urls[1] == SOCKET
        assert stat.S_IMODE(socket_in(root).stat().st_mode) == 0o640
        assert [await status(url) for url in urls] == [200, 200]
    assert not socket_in(root).exists()


@needs_root
async def test_it_serves_the_users_of_its_settings_and_no_others(root: Path) -> None:
    async with agent(root, local_users=(FRIEND,)) as urls:
        for user, expected in ((FRIEND, 200), (STRANGER, 403)):
            with being(user):
                assert [await status(url) for url in urls] == [expected, expected]


@needs_root
async def test_it_serves_all_users_where_loopback_is_trusted(root: Path) -> None:
    async with agent(root, trust_loopback=True) as urls:
        with being(STRANGER):
            assert [await status(url) for url in urls] == [200, 200]


async def test_it_goes_by_the_names_of_its_settings_and_by_no_others(root: Path) -> None:
    async with agent(root, known_as=("logs.example",)) as urls:
        for name, expected in (("logs.example", 200), ("web-1:80", 200), ("evil.example", 421)):
            assert [await status(url, host=name) for url in urls] == [expected, expected]
        assert [await status(url, origin="http://evil.example") for url in urls] == [403, 403]


async def test_it_never_serves_what_its_settings_say(root: Path) -> None:
    async with agent(root, never_serve=("payroll*",)) as urls:
        for file, expected in (("app.log", 200), ("payroll.csv", 404)):
            assert [await status(url, f"/logs?filename={file}") for url in urls] == [expected, expected]


async def test_it_knows_tokens_of_an_identity_provider_whose_keys_it_fetches(root: Path) -> None:
    pki = make_pki(root / "pki", name="login.example.org")
    published = document(jwk("RSA"))
    answer = says(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(published), published)
    tls = server_tls(*pki.pair("good"), None)
    tls.set_alpn_protocols(["http/1.1"])
    with provider_serving(over_tls(tls, answer)) as address:
        of_provider = {
            "oidc_issuer": ISSUER,
            "oidc_audience": (AUDIENCE,),
            "oidc_keys": f"https://{address}/keys",
            "oidc_ca": pki.ca,
        }
        now = time.time()
        async with agent(root, **of_provider) as urls:
            for exp, expected in ((now + 300, 200), (now - 300, 401)):
                bearer = token(exp=exp, iat=now - 600)
                assert await status(urls[0], authorization=f"Bearer {bearer}") == expected
