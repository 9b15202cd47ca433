"""An answer whose right is taken away ends within a second, whatever took it; others go on."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.config.access_rules import AccessRule
from logagent.core.access.tokens import RANDOM_BYTES, TokenEntry, digest_of, token_of
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import chunks, trailers
from logagent.running import in_force
from logagent.token_file import change
from logagent.web.admission import key_fetching
from logagent.web.rights import TAKEN_AWAY, RightsWatch
from testbed.acting import ALL as SEVERAL
from testbed.acting import ALLOW, access_of, make_papers
from testbed.cluster import start_cluster
from testbed.provider import ADDRESS, AUDIENCE, ISSUER, Provider, document, jwk, token
from testbed.reloadable import Reloadable, reloadable

TOKEN = token_of(secrets.token_bytes(RANDOM_BYTES))
ENTRY = TokenEntry("alice", digest_of(TOKEN), ("web",))
ALL = AccessRule(True, ("token:alice",))
WITHIN = 1.0


@dataclass
class Followed:
    """A follow under way."""

    response: httpx.Response
    body: bytes = b""
    ended: float | None = None
    error: Exception | None = None

    @property
    def verdict(self) -> Outcome:
        return from_trailers(trailers(self.response))

    async def read(self) -> None:
        try:
            async for chunk in chunks(self.response):
                self.body += chunk
        except httpx.HTTPError as error:
            self.error = error
        self.ended = trio.current_time()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "logs"
    root.mkdir()
    for name in ("app", "db"):
        (root / f"{name}.log").write_text("2026-11-29T10:00:00Z a line\n")
    return root


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    change(tmp_path / "tokens", lambda _: (ENTRY,))
    return tmp_path / "tokens"


@asynccontextmanager
async def agent(root: Path, tokens: Path, *rules: AccessRule, **settings: Any) -> AsyncIterator[Reloadable]:
    """An agent that knows alice by her token."""
    named = {"root_name": {root: "logs"}, "tokens": tokens, "rule": rules}
    async with reloadable(root, **(named | settings)) as it:
        yield it


@asynccontextmanager
async def following(it: Reloadable, query: str = "filename=app.log", **headers: str) -> AsyncIterator[Followed]:
    """A follow by alice, read by a task of its own."""
    sent = {"authorization": f"Bearer {TOKEN}", "accept-encoding": "identity"} | headers
    async with it.client() as client, trio.open_nursery() as nursery:
        async with client.stream("GET", f"/logs?follow=true&n=1&{query}", headers=sent) as response:
            assert response.status_code == 200
            followed = Followed(response)
            nursery.start_soon(followed.read)
            await trio.sleep(3)
            assert followed.ended is None
            yield followed
            nursery.cancel_scope.cancel()


async def test_a_follow_ends_when_its_token_is_revoked(autojump_clock: MockClock, root: Path, tokens: Path) -> None:
    async with agent(root, tokens) as it, following(it) as followed:
        change(tokens, lambda _: (replace(ENTRY, revoked=1),))
        taken = trio.current_time()
        await trio.sleep(WITHIN)
        assert followed.ended is not None
        assert followed.ended - taken <= WITHIN
        verdict = followed.verdict
        assert (verdict.status, verdict.message) == (Status.PERMISSION_DENIED, TAKEN_AWAY)
        assert [(part.host, part.status) for part in verdict.hosts] == [("web-1", Status.PERMISSION_DENIED)]
        assert verdict.cursor


async def test_the_end_stands_in_the_body_where_that_has_one(
    autojump_clock: MockClock, root: Path, tokens: Path
) -> None:
    async with agent(root, tokens) as it, following(it, accept="application/x-ndjson") as followed:
        change(tokens, lambda _: ())
        await trio.sleep(WITHIN)
        end = json.loads(followed.body.splitlines()[-1])
        assert TAKEN_AWAY in json.dumps(end)


async def test_a_strict_follow_is_reset(autojump_clock: MockClock, root: Path, tokens: Path) -> None:
    async with agent(root, tokens) as it, following(it, prefer="handling=strict") as followed:
        change(tokens, lambda _: ())
        await trio.sleep(WITHIN)
        assert followed.error is not None


@pytest.mark.parametrize(
    "rules",
    [
        [AccessRule(True, ("token:bob",))],
        [AccessRule(True, ("token:alice",), hosts=("db-*",))],
        [AccessRule(True, ("token:alice",), what=("logs",))],
        [AccessRule(False, ("group:web",)), ALL],
        [AccessRule(False, ("*",), files=("app.log",)), ALL],
        [AccessRule(True, ("token:alice",), files=("db.log",))],
    ],
    ids=["another caller", "another host", "no follows", "a group denied", "the file denied", "another file"],
)
async def test_a_follow_ends_when_rules_take_it_away(
    autojump_clock: MockClock, root: Path, tokens: Path, rules: list[AccessRule]
) -> None:
    async with agent(root, tokens, ALL) as it, following(it) as followed:
        it.set(rule=tuple(rules))
        await it.reloader.reload()
        await trio.sleep(WITHIN)
        assert followed.ended is not None
        assert followed.verdict.status is Status.PERMISSION_DENIED
        assert "app.log" not in followed.verdict.message


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [ALL],
        [AccessRule(False, ("token:bob",)), ALL],
        [AccessRule(False, ("*",), files=("db.log",)), ALL],
        [AccessRule(True, ("group:web",), files=("app.*",), what=("logs", "follow"))],
    ],
    ids=["none", "the same", "another caller denied", "another file denied", "this file alone"],
)
async def test_a_follow_goes_on_while_rules_show_what_it_reads(
    autojump_clock: MockClock, root: Path, tokens: Path, rules: list[AccessRule]
) -> None:
    async with agent(root, tokens, ALL) as it, following(it) as followed:
        it.set(rule=tuple(rules), patience=4.0)
        await it.reloader.reload()
        await trio.sleep(WITHIN)
        assert followed.ended is None
        change(tokens, lambda _: ())
        await trio.sleep(WITHIN)
        assert followed.ended is not None, "the new state looks after it"


async def test_an_answer_that_is_no_follow_ends_likewise(autojump_clock: MockClock, root: Path, tokens: Path) -> None:
    (root / "app.log").write_bytes(b"2026-11-29T10:00:00Z a line that nobody takes\n" * 200_000)
    headers = {"authorization": f"Bearer {TOKEN}", "accept-encoding": "identity"}
    async with agent(root, tokens) as it, it.client() as client:
        async with client.stream("GET", "/logs?filename=app.log", headers=headers) as response:
            body = chunks(response)
            await body.__anext__()
            change(tokens, lambda _: ())
            await trio.sleep(WITHIN)
            async for _ in body:
                pass
            verdict = from_trailers(trailers(response))
            assert (verdict.status, verdict.message) == (Status.PERMISSION_DENIED, TAKEN_AWAY)


async def test_a_follow_by_a_signed_token_ends_when_its_key_is_withdrawn_or_its_audience_counts_no_more(
    autojump_clock: MockClock, root: Path, tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, fresh = Provider(), 5.0
    monkeypatch.setattr(key_fetching, "FRESH", fresh)
    monkeypatch.setattr(in_force, "fetch_json", lambda url, *, ca: provider.fetch())
    oidc = {"oidc_issuer": ISSUER, "oidc_audience": (AUDIENCE, "second"), "oidc_keys": ADDRESS}
    rule = AccessRule(True, (f"oidc:{ISSUER}/alice",))
    signed = token(exp=time.time() + 86400, iat=None, aud="second")
    async with agent(root, tokens, rule, **oidc) as it:
        async with following(it, authorization=f"Bearer {signed}") as followed:
            provider.published = Failure(Status.UNAVAILABLE, "down")
            it.set(patience=7.0)
            await it.reloader.reload()
            await trio.sleep(fresh + 1)
            assert followed.ended is None, "keys count on while no others can be fetched"
            it.set(oidc_audience=(AUDIENCE,))
            await it.reloader.reload()
            await trio.sleep(WITHIN)
            assert followed.verdict.message == TAKEN_AWAY
        it.set(oidc_audience=("second",))
        await it.reloader.reload()
        async with following(it, authorization=f"Bearer {signed}") as followed:
            provider.published = document(jwk("P-256"))
            await trio.sleep(fresh + 1)
            assert followed.verdict.message == TAKEN_AWAY


@pytest.mark.parametrize("who", ["token:alice", "unix:root@web-1"])
async def test_a_host_that_takes_callers_from_an_agent_no_more_is_named_and_the_follow_of_others_goes_on(
    autojump_clock: MockClock, tmp_path: Path, who: str
) -> None:
    papers = make_papers(tmp_path, "web-1", "db-2")
    access = {"web-1": access_of("web-1", None), "db-2": access_of("db-2", ALLOW, {"web-1": SEVERAL})}
    tls = {"db-2": (papers.server("db-2"), papers.client("web-1"))}
    hosts = {"web-1": [b"2026-11-23T10:00:00Z one"], "db-2": [b"2026-11-23T10:00:00Z two"]}
    async with start_cluster(tmp_path, hosts, tls=tls, access=access) as it, trio.open_nursery() as nursery:
        watch = RightsWatch(lambda: it.answers["db-2"].all, access["db-2"], None)
        nursery.start_soon(watch.run)
        async with it.client() as client:
            headers = {"shows": who, "accept": "application/x-ndjson", "accept-encoding": "identity"}
            async with client.stream(
                "GET", "/logs?filename=app.log&follow=true&n=1&timeout=40", headers=headers
            ) as response:
                followed = Followed(response)
                nursery.start_soon(followed.read)
                await trio.sleep(3)
                watch.replace(access_of("db-2", ALLOW, {}), None)
                await trio.sleep(WITHIN)
                assert it.answers["db-2"].all == []
                assert followed.ended is None
                assert TAKEN_AWAY.encode() in followed.body, "it is told at once"
                await trio.sleep(40)
        [part] = [part for part in followed.verdict.hosts if part.host == "db-2"]
        assert (part.status, part.message) == (Status.PERMISSION_DENIED, TAKEN_AWAY)
        assert it.answers["db-2"].all == [], "it is not asked again"
        nursery.cancel_scope.cancel()
