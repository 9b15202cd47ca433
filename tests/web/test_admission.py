"""Who is answered, over the wire: by which name an agent is addressed, and which user of its machine asks."""

from __future__ import annotations

from functools import partial

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ResponseReceived
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import memory_stream_pair

from logagent.core.access.local_rights import LocalRights
from logagent.core.access.rules import Rule, Rules
from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.web.access import Access
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.local_users import Account, LocalUsers
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.requests import StreamingQuart
from logagent.web.server.client_connection import ClientConnection
from logagent.web.server.connections import serve_connection
from logagent.web.server.limits import ConnectionLimits
from testbed.fake_agent import FakeAgent
from testbed.raw_http import Http1Client, Http2Client

ASKING = ["/logs?filename=app.log", "/hits?filename=app.log", "/files", "/hosts"]
OPEN = ["/healthz", "/readyz"]


async def nothing(query: Query, out: Out) -> Outcome:
    return Outcome()


async def no_account(user: int) -> Account:
    return Account("", frozenset())


def app() -> StreamingQuart:
    """An agent called web0 that serves root and user 33."""
    users = LocalUsers(LocalRights(own=0, users=frozenset({33})), no_account)
    access = Access(["web0"], certificate_required=False, local_users=users)
    return create_app(FakeAgent(nothing), Answers("web0", 10), version="0", access=access)


async def answer(request: bytes, user: LocalClient | None = None, of: StreamingQuart | None = None) -> bytes:
    """All that comes back for a request."""
    theirs, ours = memory_stream_pair()
    client = Http1Client(theirs)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(serve_connection, of or app(), ours, state={STATE: user}))
        nursery.start_soon(client.receive)
        await client.send(request)
        nursery.cancel_scope.cancel()
    return client.received


def get(path: str, *fields: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", *fields, "", ""]).encode()


@pytest.mark.parametrize("path", [*ASKING, *OPEN, "/", "/no-such-route"])
async def test_a_page_of_another_name_gets_nothing_from_any_route(path: str) -> None:
    said = await answer(get(path, "host: evil.example:8000"))
    assert said.startswith(b"HTTP/1.1 421 ")
    assert b"application/problem+json" in said
    assert b"web0" not in said


@pytest.mark.parametrize("path", [*ASKING, *OPEN])
async def test_a_page_of_another_origin_gets_nothing_from_any_route(path: str) -> None:
    for origin in ("http://evil.example", "null"):
        said = await answer(get(path, "host: localhost:8000", f"origin: {origin}"))
        assert said.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(get("/healthz", "host: web0"), 200, id="its name"),
        pytest.param(get("/healthz", "host: 127.0.0.1"), 200, id="an address"),
        pytest.param(get("/healthz"), 400, id="no name"),
        pytest.param(get("/healthz", "host: web0", "host: evil.example"), 400, id="two names"),
        pytest.param(get("/healthz", "host:"), 421, id="an empty name"),
        pytest.param(get("/healthz", version="1.0"), 200, id="HTTP/1.0 without a name"),
        pytest.param(get("/healthz", "host: evil.example", version="1.0"), 421, id="HTTP/1.0"),
        pytest.param(get("http://evil.example/healthz", "host: web0"), 421, id="another name in the target"),
        pytest.param(get("http://web0/healthz", "host: web0"), 200, id="its name in the target"),
        pytest.param(get("http://web0/healthz", "host: evil.example"), 200, id="its name in the target alone"),
        pytest.param(get("http://user@web0/healthz", "host: web0"), 400, id="a user in the target"),
        pytest.param(get("/healthz", "host: web0", "origin: http://10.0.0.7:3000"), 200, id="a page of an address"),
    ],
)
async def test_every_name_that_http1_can_hold_is_looked_at(request_: bytes, status: int) -> None:
    assert int((await answer(request_)).split()[1]) == status


@pytest.mark.parametrize(("name", "status"), [(b"evil.example", b"421"), (b"web0", b"200")])
async def test_an_upgrade_to_http2_hides_no_name(name: bytes, status: bytes) -> None:
    h2 = H2Connection(H2Configuration(header_encoding=None))
    settings = h2.initiate_upgrade_connection() or b""
    asked = [b"GET /hosts HTTP/1.1", b"host: " + name, b"connection: upgrade, http2-settings", b"upgrade: h2c"]
    request = b"\r\n".join([*asked, b"http2-settings: " + settings, b"", h2.data_to_send()])
    _, _, frames = (await answer(request)).partition(b"\r\n\r\n")
    [answered] = [event for event in h2.receive_data(frames) if isinstance(event, ResponseReceived)]
    assert dict(answered.headers)[b":status"] == status


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ({b":authority": b"evil.example"}, 421),
        ({b"host": b"evil.example"}, 421),
        ({b":authority": b"web0"}, 200),
        ({b"host": b"web0:8000"}, 200),
        ({b":authority": b"web0", b"host": b"web0"}, 200),
    ],
)
async def test_over_http2_the_authority_is_the_name(
    nursery: trio.Nursery, names: dict[bytes, bytes], status: int
) -> None:
    theirs, ours = memory_stream_pair()
    connection = ClientConnection(ASGIWrapper(app()), ours, ConnectionLimits(), WorkerContext(None), {})
    nursery.start_soon(connection.run)
    client = Http2Client(theirs, connection)
    await client.open(nursery)
    asked = client.start_with([(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/healthz"), *names.items()])
    await client.flush()
    assert asked.status == status


@pytest.mark.parametrize("path", ASKING)
async def test_a_user_who_is_not_served_gets_nothing_from_any_route(path: str) -> None:
    for user in (LocalClient(1000), LocalClient(None)):
        said = await answer(get(path, "host: localhost"), user)
        assert said.startswith(b"HTTP/1.1 403 ")
        assert b"would allow it" in said


@pytest.mark.parametrize("path", [*ASKING, *OPEN])
async def test_a_user_who_is_served_is_answered(path: str) -> None:
    assert (await answer(get(path, "host: localhost"), LocalClient(33))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("version", "accept", "unix", "status"),
    [
        ("1.0", "text/plain", True, 505),
        ("1.0", "application/x-ndjson", True, 200),
        ("1.1", "text/plain", True, 200),
        ("1.0", "text/plain", False, 200),
    ],
)
async def test_a_text_whose_cut_would_not_show_is_refused(version: str, accept: str, unix: bool, status: int) -> None:
    asked = get("/logs?filename=app.log", "host: localhost", f"accept: {accept}", version=version)
    assert int((await answer(asked, LocalClient(0, unix=unix))).split()[1]) == status


@pytest.mark.parametrize(
    "fields",
    [
        ("content-type: application/x-www-form-urlencoded", "content-encoding: gzip", "content-length: 5"),
        ("content-type: text/plain", "content-length: 5"),
        ("content-type: application/x-www-form-urlencoded", f"content-length: {1 << 30}"),
    ],
)
async def test_with_rules_nobody_is_told_of_his_body_before_it_is_known_who_he_is(fields: tuple[str, ...]) -> None:
    rules = Rules([Rule(allows=True, who=("token:alice",))])
    access = Access(["web0"], certificate_required=False, host="web0", rules=rules)
    asked = "\r\n".join(["POST /logs HTTP/1.1", "host: web0", *fields, "", "hello"]).encode()
    said = await answer(asked, of=create_app(FakeAgent(nothing), Answers("web0", 10), version="0", access=access))
    assert said.startswith(b"HTTP/1.1 401 ")
    assert b'www-authenticate: Bearer realm="logagent"\r\n' in said


async def test_health_says_whether_who_asks_is_served() -> None:
    assert b'"refuses": "user 1000 may not ask' in await answer(get("/healthz", "host: localhost"), LocalClient(1000))
    assert b"refuses" not in await answer(get("/healthz", "host: localhost"), LocalClient(33))


@pytest.mark.parametrize("path", OPEN)
async def test_health_is_told_to_every_user(path: str) -> None:
    assert (await answer(get(path, "host: localhost"), LocalClient(1000))).startswith(b"HTTP/1.1 200 ")
