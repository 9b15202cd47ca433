"""Who is answered over the wire where a request says for whom it asks: the confused deputies, each refused."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx
import pytest
import trio

from logagent.core.access.rules import Rules
from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.core.wire.caller import CALLER_HEADER, MOST_BYTES, TAKES_HEADER
from logagent.peers.answers import LONGEST_PATH
from logagent.peers.client.http_client import connect
from logagent.web.access import Access
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.server.connections import serve_connection
from testbed.acting import ALL, ALLOW, Papers, access_of, make_papers
from testbed.fake_agent import FakeAgent
from testbed.network import MemoryNetwork

ACTING = {"web-1": ALL, "web-2": ("token",), "top": ("token", "unix")}
ROUTES = ("/logs?filename=app.log", "/hits?filename=app.log", "/files", "/hosts")
ALICE, BOB = 'who="token:alice", chain=("web-1")', 'who="token:bob", chain=("web-1")'
ROOT = 'who="unix:root@web-1", chain=("web-1")'
HERE = {STATE: LocalClient(0, unix=True)}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("acting"), "web0", "web-1", "web-2", "top", "mail")


async def nothing(query: Query, out: Out) -> Outcome:
    return Outcome()


async def asked(papers: Papers, client: str | None, *told: str, path: str = ROUTES[0], **others: Any) -> httpx.Response:
    """What the agent web0 answers; see `all_asked`."""
    [response] = await all_asked(papers, client, *told, paths=[path], **others)
    return response


async def all_asked(
    papers: Papers,
    client: str | None,
    *told: str,
    paths: Sequence[str] = ROUTES,
    access: Access | None = None,
    http1: bool = False,
    tls: bool = True,
    state: dict[str, Any] | None = None,
    more: Sequence[tuple[str, str]] = (),
) -> list[httpx.Response]:
    """What the agent web0 answers to requests with these headers, of a client with this certificate."""
    access = access or access_of("web0", ALLOW, ACTING)
    app = create_app(FakeAgent(nothing), Answers("web0", 10), version="0", access=access)
    server = papers.server("web0") if tls else None
    if server is not None and http1:
        server.set_alpn_protocols(["http/1.1"])
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("web0", partial(_serve, app, server, state))
        context = papers.client(client) if tls else None
        async with connect(f"{'https' if tls else 'http'}://web0", tls=context, network=network) as http:
            headers = [*[(CALLER_HEADER, value) for value in told], *more]
            responses = [await http.get(path, headers=headers) for path in paths]
        nursery.cancel_scope.cancel()
    assert {response.http_version for response in responses} == {"HTTP/1.1" if http1 else "HTTP/2"}
    return responses


async def _serve(app: Any, tls: ssl.SSLContext | None, state: Any, stream: Any) -> None:
    if tls is not None:
        stream = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
    await serve_connection(app, stream, state=state)


TAKEN = [
    pytest.param("web-1", ALICE, id="a token's name"),
    pytest.param("web-1", ROOT, id="a user of the agent that asks"),
    pytest.param("web-1", 'who="oidc:https://login/7", groups=("ops"), chain=("web-1")', id="a member of a group"),
    pytest.param("web-2", 'who="token:alice", chain=("web-1" "web-2")', id="through two agents"),
    pytest.param("top", 'who="unix:root@web-1", chain=("web-1" "top")', id="a user of the first of two agents"),
]


@pytest.mark.parametrize("http1", [False, True])
@pytest.mark.parametrize(("client", "told"), TAKEN)
async def test_for_whom_an_agent_may_ask_is_answered(papers: Papers, client: str, told: str, http1: bool) -> None:
    responses = await all_asked(papers, client, told, http1=http1)
    assert [response.status_code for response in responses] == [200] * len(ROUTES)


NO_AGENT, NOT_NAMED = "only agents may say for whom they ask", "may not ask for others here"
REFUSED = [
    pytest.param("web-1", [], 403, "must say for whom", id="named, without a caller"),
    pytest.param("web-1", [BOB], 403, "no rule gives token:bob anything here", id="whom no rule knows"),
    pytest.param("mail", [ALICE.replace("web-1", "mail")], 403, f"the agent mail {NOT_NAMED}", id="not named"),
    pytest.param("mail", [ALICE], 403, f"the agent mail {NOT_NAMED}", id="not named, in another's name"),
    pytest.param("web-2", [ALICE], 403, "no name in its certificate", id="named, in another's name"),
    pytest.param("alice", [ALICE], 403, NO_AGENT, id="a person's certificate"),
    pytest.param("alice", ['who="cert:alice", chain=("alice")'], 403, NO_AGENT, id="a person for himself"),
    pytest.param(None, [ALICE], 403, NO_AGENT, id="no certificate"),
    pytest.param("web-2", ['who="unix:root@web-2", chain=("web-2")'], 403, "web-2 may not ask for unix", id="a kind"),
    pytest.param("web-2", ['who="anonymous", chain=("web-2")'], 403, "web-2 may not ask for anonymous", id="nobody"),
    pytest.param("web-1", ['who="anonymous", chain=("web-1")'], 401, "prove who they are", id="nobody, as he may"),
    pytest.param("web-1", ['who="unix:root@top", chain=("web-1")'], 403, "no user of web-1", id="another's user"),
    pytest.param("top", ['who="unix:root@web-1", chain=("top")'], 403, "no user of top", id="the first link left out"),
    pytest.param("top", [ALICE], 403, "no name in its certificate", id="the last link left out"),
    pytest.param("web-1", ['who="token:alice"'], 400, "lacks who, or chain", id="the chain left out"),
    pytest.param("web-1", ['who="token:alice", chain=("web-1" "top" "web-1")'], 403, "in a circle", id="a loop"),
    pytest.param("web-1", ['who="token:alice", chain=("web0" "web-1")'], 403, "in a circle", id="through this agent"),
    pytest.param("top", ['who="token:alice", chain=("mail" "top")'], 403, "mail may not ask", id="an unnamed link"),
    pytest.param("web-1", [ALICE, ALICE], 400, "one header log-caller", id="two headers"),
    pytest.param("web-1", [ALICE, BOB], 400, "one header log-caller", id="two headers that differ"),
    pytest.param("web-1", [f"{ALICE}, {ALICE}"], 400, "stands twice", id="two in one header"),
    pytest.param("web-1", ["token:alice"], 400, "no dictionary", id="no structured field"),
    pytest.param("web-1", [""], 400, "no dictionary", id="an empty header"),
    pytest.param("web-1", [f'{ALICE}, groups=("{"a" * MOST_BYTES}")'], 400, "longer than", id="too large"),
]


@pytest.mark.parametrize("http1", [False, True])
@pytest.mark.parametrize(("client", "told", "status", "why"), REFUSED)
async def test_for_whom_nobody_may_ask_is_refused_by_every_route(
    papers: Papers, client: str | None, told: list[str], status: int, why: str, http1: bool
) -> None:
    *responses, health = await all_asked(papers, client, *told, paths=[*ROUTES, "/healthz"], http1=http1)
    for response in responses:
        assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
        assert why in response.json()["detail"]
    assert why in health.json()["refuses"]


@pytest.mark.parametrize("state", [None, HERE], ids=["over TCP", "over a Unix socket"])
async def test_in_cleartext_nobody_says_for_whom_he_asks(papers: Papers, state: dict[str, Any] | None) -> None:
    for told in (ALICE, ROOT):
        response = await asked(papers, None, told, tls=False, state=state)
        assert response.status_code == 403
        assert NO_AGENT in response.json()["detail"]


@pytest.mark.parametrize("client", [None, "alice", "mail"])
async def test_a_proof_of_ones_own_gives_no_right_to_ask_for_others(papers: Papers, client: str | None) -> None:
    shows = [("shows", "token:alice")]
    assert (await asked(papers, client, more=shows)).status_code == 200
    assert (await asked(papers, client, ALICE, more=shows)).status_code == 403


async def test_an_agent_that_may_ask_for_others_asks_for_nobody_by_a_proof_of_its_own(papers: Papers) -> None:
    assert (await asked(papers, "web-1", more=[("shows", "token:alice")])).status_code == 403
    assert (await asked(papers, "web-1", BOB, more=[("shows", "token:alice")])).status_code == 403


@pytest.mark.parametrize("shown", ["authorization", "cookie", "proxy-authorization"])
async def test_an_agent_shows_nothing_of_its_own_beside(papers: Papers, shown: str) -> None:
    response = await asked(papers, "web-1", ALICE, more=[(shown, "Bearer secret")])
    assert response.status_code == 403
    assert "shows nothing of its own" in response.json()["detail"]
    assert "secret" not in response.text


async def test_without_rules_and_agents_that_may_ask_for_others_nobody_looks_at_the_header(papers: Papers) -> None:
    for client, told in (("mail", ALICE), (None, ALICE), ("web-1", "nonsense"), ("alice", ALICE)):
        assert (await asked(papers, client, told, access=access_of("web0"))).status_code == 200


async def test_without_rules_agents_are_held_to_what_they_may_ask(papers: Papers) -> None:
    acting = access_of("web0", Rules(), ACTING)
    for client, told, status in (
        ("web-1", [BOB], 200),
        ("web-1", [], 403),
        ("mail", [ALICE], 403),
        ("mail", [], 200),
        (None, [ALICE], 403),
    ):
        assert (await asked(papers, client, *told, access=acting)).status_code == status


@pytest.mark.parametrize("client", [None, "web-1"])
async def test_every_response_says_that_callers_are_taken(papers: Papers, client: str | None) -> None:
    for response in await all_asked(papers, client, paths=[*ROUTES, "/healthz", "/readyz", "/nowhere"]):
        assert response.headers[TAKES_HEADER] == "caller, through"
        assert CALLER_HEADER not in response.headers


async def test_who_is_told_of_stands_in_the_line_about_a_refusal(
    papers: Papers, caplog: pytest.LogCaptureFixture
) -> None:
    await asked(papers, "top", 'who="token:bob", chain=("web-1" "top")')
    [record] = [record for record in caplog.records if record.name == "logagent.refusals"]
    assert vars(record)["caller"] == "token:bob through web-1 and top"


async def test_longest_question_and_longest_caller_fit_beside_each_other(papers: Papers) -> None:
    groups = " ".join([f'"{number:050}"' for number in range(MOST_BYTES // 53 - 1)])
    told = f'who="token:alice", groups=({groups}), chain=("web-1")'
    assert MOST_BYTES - 100 < len(told) <= MOST_BYTES
    patterns = "".join(f"&exclude={'x' * 4000}" for _ in range(LONGEST_PATH // 4009))
    path = f"{ROUTES[0]}{patterns}&exclude="
    path += "x" * (LONGEST_PATH - len(path))
    response = await asked(papers, "web-1", told, path=path, more=[("log-asked-as", f'"web0";id="{"1" * 32}"')])
    assert response.status_code == 200, json.dumps(response.text[:300])
