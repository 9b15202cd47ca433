"""Who asks by a token of an identity provider, over the wire: client, agent and provider speak TLS in memory."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
import trio

from logagent.core.access.rules import Rule, Rules
from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.peers.client.http_client import connect
from logagent.peers.client.tls import client_tls
from logagent.peers.fetching import fetch_json
from logagent.web.access import Access
from logagent.web.admission.authorization import NoOtherProof
from logagent.web.admission.oidc import OidcProver
from logagent.web.admission.proving import Provers
from logagent.web.admission.signed_tokens import Demands
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.server.connections import serve_connection
from logagent.web.server.listening import server_tls
from testbed.asgi import body, start
from testbed.certificates import Pki, make_pki
from testbed.fake_agent import FakeAgent
from testbed.network import MemoryNetwork
from testbed.provider import AUDIENCE, ISSUER, NOW, document, jwk, token

PROVIDER, AGENT = "login.example.org", "web0"
RULES = Rules(
    [
        Rule(True, who=(f"oidc:{ISSUER}/alice",)),
        Rule(True, who=("group:oidc:web",)),
    ]
)


@pytest.fixture(scope="module")
def pkis(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pki]:
    return {name: make_pki(tmp_path_factory.mktemp("tls"), name=name) for name in (PROVIDER, AGENT)}


async def nothing(query: Query, out: Out) -> Outcome:
    return Outcome()


class World:
    """An agent, its identity provider, and a network between them.

    Attributes:
        asked: the paths for which the provider was asked.
        published: what it answers, with this status.
    """

    def __init__(self, network: MemoryNetwork, pkis: dict[str, Pki]) -> None:
        self.asked: list[str] = []
        self.published = document(jwk("RSA"))
        self.status = 200
        self._network = network
        self._trust = client_tls(pkis[AGENT].ca)
        fetch = partial(fetch_json, f"{ISSUER}/keys", ca=pkis[PROVIDER].ca, network=network)
        self.prover = OidcProver(
            Demands(ISSUER, (AUDIENCE,), ("RS256", "ES256")), "groups", f"{ISSUER}/keys", fetch, lambda: NOW
        )
        provers = Provers([self.prover, NoOtherProof()])
        access = Access([AGENT], certificate_required=False, host=AGENT, rules=RULES, provers=provers)
        app = create_app(FakeAgent(nothing), Answers(AGENT, 10), version="0", access=access)
        for name, served in ((PROVIDER, self._answer), (AGENT, app)):
            network.host(name, partial(_serve, served, server_tls(*pkis[name].pair("good"), None)))

    async def ask(self, bearer: str | None, route: str = "/files") -> httpx.Response:
        headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
        async with connect(f"https://{AGENT}", tls=self._trust, network=self._network) as client:
            return await client.get(route, headers=headers)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        await start(send, status=self.status, headers=[(b"content-type", b"application/json")])
        await body(send, self.published, more=False)


async def _serve(app: Any, tls: ssl.SSLContext, raw: Any) -> None:
    await serve_connection(app, trio.SSLStream(raw, tls, server_side=True, https_compatible=True))


@asynccontextmanager
async def world(pkis: dict[str, Pki]) -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        made = World(MemoryNetwork(nursery), pkis)
        nursery.start_soon(made.prover.keys.run)
        yield made
        nursery.cancel_scope.cancel()


async def test_who_shows_a_token_of_the_provider_is_answered_as_the_rules_say(pkis: dict[str, Pki]) -> None:
    async with world(pkis) as it:
        assert (await it.ask(token())).status_code == 200
        assert (await it.ask(token(sub="bob", groups=["web"]))).status_code == 200
        refused = await it.ask(token(sub="bob", groups=["db"]))
        assert refused.status_code == 403
        assert f'who = ["oidc:{ISSUER}/bob"]' in refused.json()["detail"]
        assert it.asked == ["/keys"]


async def test_what_proves_nothing_is_refused_and_only_the_log_says_why(
    pkis: dict[str, Pki], caplog: pytest.LogCaptureFixture
) -> None:
    async with world(pkis) as it:
        wrong = {
            "its audience": token(aud="other"),
            "its issuer": token(iss="https://evil.example"),
            "it expired": token(exp=NOW - 1000),
            "signature verification failed": token("RSA", "stranger", head={"kid": "RSA"}),
            "no key of the provider fits it": token("P-256"),
            "its head cannot be read": "a.b.c",
        }
        refusals = [await it.ask(bearer) for bearer in wrong.values()]
    for refused in refusals:
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="logagent", error="invalid_token"'
    assert len({refused.json()["detail"] for refused in refusals}) == 1
    logged = [record.getMessage() for record in caplog.records if record.name == "logagent.refusals"]
    for why, line in zip(["it is for 'other'", *list(wrong)[1:]], logged, strict=True):
        assert why in line
    assert not any(part in caplog.text for bearer in wrong.values() for part in bearer.split(".")[1:] if len(part) > 9)


async def test_who_shows_nothing_is_told_that_a_token_may_help(pkis: dict[str, Pki]) -> None:
    async with world(pkis) as it:
        refused = await it.ask(None)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="logagent"')
        assert (await it.ask(None, "/readyz")).status_code == 200


async def test_while_keys_cannot_be_fetched_a_client_may_try_later_and_others_are_served(
    pkis: dict[str, Pki], caplog: pytest.LogCaptureFixture
) -> None:
    async with world(pkis) as it:
        it.status = 503
        refused = await it.ask(token())
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
        assert (await it.ask(token(), "/readyz")).status_code == 200
    assert "cannot be fetched: the answer is 503" in caplog.text
    assert "a token of the identity provider cannot be verified" in caplog.text
