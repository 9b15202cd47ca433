"""Answers beside a collector in trouble: as whole as without one, and none waits for it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from trio.testing import MockClock

from logagent.telemetry.traces import pipeline
from logagent.telemetry.traces.pipeline import BATCH, QUEUE
from testbed.broken import Broken
from testbed.cluster import Cluster, Reply
from testbed.collector import Traced, collecting

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
QUESTIONS = [
    ("/logs", "filename=app.log"),
    ("/logs", "filename=app.log&keyword=two&n=1"),
    ("/logs", "filename=none.log"),
    ("/logs", "filename=app.log&n=x"),
    ("/hits", "filename=app.log&step=1h"),
    ("/files", ""),
]


@contextmanager
def nobody() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    yield f"http://127.0.0.1:{port}/v1/traces"


@contextmanager
def unknown() -> Iterator[str]:
    yield "http://collector.invalid:4318/v1/traces"


@contextmanager
def hanging() -> Iterator[str]:
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait()

    with collecting(hang) as it:
        yield it.url
        over.set()


@contextmanager
def failing() -> Iterator[str]:
    with collecting(lambda handler: handler.send_error(500)) as it:
        yield it.url


@contextmanager
def nonsense() -> Iterator[str]:
    def babble(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x00\xff" * 1000)
        handler.close_connection = True

    with collecting(babble) as it:
        yield it.url


def _only_addresses(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """A resolver that knows no names."""

    def resolve(host: str, *given: Any, **named: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return lookup(host, *given, **named)

    return resolve


async def answers(it: Cluster) -> list[tuple[int, bytes, dict[str, str]]]:
    """What every question gets."""
    return [_whole(await it.ask(query, route=route, traceparent=SAMPLED)) for route, query in QUESTIONS]


def _whole(reply: Reply) -> tuple[int, bytes, dict[str, str]]:
    """An answer without how long it took."""
    trailers = {name: value for name, value in reply.trailers.items() if name != "server-timing"}
    return reply.status, re.sub(rb'"timings_ms": {[^}]*}', b"", reply.body), trailers


@pytest.mark.parametrize("trouble", [nobody, unknown, hanging, failing, nonsense], ids=lambda trouble: trouble.__name__)
async def test_answers_are_the_same_whatever_becomes_of_the_spans(
    trouble: Callable[[], AbstractContextManager[str]],
    autojump_clock: MockClock,
    cluster: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "LAST", 0.01)
    monkeypatch.setattr(pipeline, "DELAY", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", _only_addresses(socket.getaddrinfo))
    with ExitStack() as stack:
        sending = Traced(stack.enter_context(trouble()), ["web0", "web1"])
        stack.callback(sending.close)
        hosts = {"web0": LINES, "web1": LINES, "web2": Broken("refused")}
        async with cluster({"telemetry": sending.telemetry}, **hosts) as it:
            beside = await answers(it)
            for telemetry in sending.telemetry.values():
                telemetry.observers = ()
            assert beside == await answers(it)


async def test_answers_are_the_same_where_the_queue_is_full(
    autojump_clock: MockClock, cluster: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "LAST", 0.01)
    with ExitStack() as stack:
        sending = Traced(stack.enter_context(hanging()), ["web0"])
        stack.callback(sending.close)
        async with cluster({"telemetry": sending.telemetry}, web0=LINES) as it:
            first = await answers(it)
            sending.fill("web0", 2 * QUEUE)
            assert await answers(it) == first
        assert sending.dropped("web0") >= QUEUE - BATCH
