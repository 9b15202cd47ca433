"""Every way in which a peer can fail, at every moment: never a hang, the rest whole and in order, the culprit named."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.authority import certs
from logagent.core.outcome import Status
from testbed.broken import Broken, How
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

BASE = 1_780_000_000
COUNT = 40
LONGEST = 60
"""Virtual seconds after which a query counts as hanging: far more than patience."""


def _line(second: int, host: str) -> bytes:
    return f"{datetime.fromtimestamp(BASE + second, UTC):%Y-%m-%dT%H:%M:%SZ} {host} says {second}".encode()


def _log(host: str, phase: int) -> list[bytes]:
    return [_line(second, host) for second in range(phase, 3 * COUNT, 3)]


def _newest(host: str, phase: int) -> list[tuple[int, bytes]]:
    seconds = range(phase, 3 * COUNT, 3)
    return [((BASE + second) * 10**9, _line(second, host)) for second in reversed(seconds)]


WEB0, WEB2 = _log("web0", 0), _log("web2", 2)
BROKEN = _newest("web1", 1)

EXPECTED: dict[How, tuple[Status, str]] = {
    "refused": (Status.UNAVAILABLE, "cannot connect"),
    "404": (Status.NOT_FOUND, "404"),
    "500": (Status.UNAVAILABLE, "500"),
    "reset": (Status.UNAVAILABLE, "connection lost"),
    "killed": (Status.UNAVAILABLE, "connection lost"),
    "silence": (Status.UNAVAILABLE, "sent nothing for 5 s and was left behind"),
    "garbage": (Status.INTERNAL, "sent something else than batches"),
    "cut frame": (Status.INTERNAL, "sent something else than batches"),
    "no times": (Status.INTERNAL, "sent something else than batches"),
    "no trailers": (Status.UNAVAILABLE, "ended without a verdict"),
    "verdict": (Status.INTERNAL, "a bug"),
}
MOMENTS = {"before_first_record": 0, "between_records": COUNT // 2, "after_last_record_before_trailers": COUNT}
AT_ONCE: list[How] = ["refused", "500"]
STREAMING: list[How] = ["reset", "killed", "silence", "garbage", "cut frame", "no times", "no trailers", "verdict"]


def _check(body: bytes, at: int) -> None:
    told = [line for _, line in BROKEN[:at]]
    assert body.splitlines() == sorted([*WEB0, *WEB2, *told], reverse=True)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", STREAMING)
async def test_peer_fails_while_streaming(autojump_clock: MockClock, cluster: Start, how: How, moment: str) -> None:
    at = MOMENTS[moment]
    async with cluster(web0=WEB0, web1=Broken(how, BROKEN, at), web2=WEB2) as it:
        with trio.fail_after(LONGEST):
            reply = await it.ask("filename=app.log")
    _check(reply.body, at)
    status, message = EXPECTED[how]
    verdict = reply.verdict
    assert (verdict.status, verdict.complete) == (status, False)
    assert reply.trailers["log-complete"] == "false"
    assert verdict.message.startswith("web1: ")
    assert verdict.hosts[0].host == "web1"
    assert verdict.hosts[0].status is status
    assert message in verdict.hosts[0].message
    assert [(part.host, part.status, part.lines) for part in verdict.hosts[1:]] == [
        ("web0", Status.OK, COUNT),
        ("web2", Status.OK, COUNT),
    ]


@pytest.mark.parametrize("how", AT_ONCE)
async def test_peer_fails_before_it_answers(autojump_clock: MockClock, cluster: Start, how: How) -> None:
    async with cluster(web0=WEB0, web1=Broken(how), web2=WEB2) as it:
        with trio.fail_after(LONGEST):
            reply = await it.ask("filename=app.log")
    _check(reply.body, 0)
    status, message = EXPECTED[how]
    assert reply.verdict.status is status
    assert not reply.verdict.complete
    assert reply.verdict.hosts[0].host == "web1"
    assert message in reply.verdict.hosts[0].message


async def test_peer_without_the_file_is_named_but_fails_nothing(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=WEB0, web1=Broken("404"), web2=WEB2) as it:
        reply = await it.ask("filename=app.log")
    _check(reply.body, 0)
    assert reply.trailers["log-complete"] == "true"
    assert (reply.verdict.hosts[0].host, reply.verdict.hosts[0].status) == ("web1", Status.NOT_FOUND)


async def test_peer_of_another_authority_is_refused_and_named(
    autojump_clock: MockClock, cluster: Start, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    now = datetime.now(UTC)
    for authority in (ours, theirs):
        certs.init(authority, now=now)
        certs.host("web1", authority, now=now)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(theirs / "web1.pem", theirs / "web1-key.pem")
    server.set_alpn_protocols(["h2"])
    client = ssl.create_default_context(cafile=str(ours / "ca.pem"))
    client.set_alpn_protocols(["h2"])
    async with cluster({"tls": {"web1": (server, client)}}, web0=WEB0, web1=WEB2, web2=WEB2) as it:
        with trio.fail_after(LONGEST):
            reply = await it.ask("filename=app.log")
    assert reply.body.splitlines() == sorted([*WEB0, *WEB2], reverse=True)
    assert reply.verdict.status is Status.UNAVAILABLE
    assert reply.verdict.hosts[0].host == "web1"
    assert "certificate" in reply.verdict.hosts[0].message.lower()


async def test_every_peer_silent_costs_patience_once(autojump_clock: MockClock, cluster: Start) -> None:
    hosts: dict[str, Any] = {f"web{number}": Broken("silence") for number in range(1, 20)}
    async with cluster(web0=WEB0, **hosts) as it:
        started = trio.current_time()
        reply = await it.ask("filename=app.log")
        waited = trio.current_time() - started
    assert reply.lines == sorted(WEB0, reverse=True)
    assert {part.host for part in reply.verdict.hosts if part.status} == set(hosts)
    assert waited == pytest.approx(5.0, abs=0.1)


async def test_strict_client_of_a_broken_answer_is_reset(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=WEB0, web1=Broken("reset", BROKEN, 5)) as it:
        reply = await it.ask("filename=app.log", prefer="handling=strict")
    assert reply.headers["preference-applied"] == "handling=strict"
    assert reply.error is not None
    told = [line for _, line in BROKEN[:5]]
    assert reply.lines == sorted([*WEB0, *told], reverse=True)


async def test_ndjson_of_a_broken_answer_ends_with_its_verdict(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=WEB0, web1=Broken("killed", BROKEN, 5)) as it:
        reply = await it.ask("filename=app.log", accept="application/x-ndjson")
    assert reply.lines[-1].startswith(b'{"end": {"status": 14,')
    assert b'"complete": false' in reply.lines[-1]
