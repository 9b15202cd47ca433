"""Parameters in a body: read once it is settled who asks, in time and within bounds, and passed on to other agents."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.core.wire.media_types import FORM
from logagent.core.wire.parameters import MAX_FORM
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import trailers
from logagent.web.documents import Refusal
from logagent.web.uploads import SECONDS, Upload, UploadRoom
from testbed.broken import Broken
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
LINES = [b"2026-11-23T10:%02d:00Z id-%d;" % (minute, minute) for minute in range(60)]


async def post(it: Cluster, path: str, content: Any, **headers: str) -> tuple[httpx.Response, bytes]:
    sent = {"content-type": FORM, "accept-encoding": "identity"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with it.client() as client, client.stream("POST", path, content=content, headers=sent) as response:
        return response, b"".join([chunk async for chunk in response.aiter_raw()])


@pytest.mark.parametrize(
    ("route", "asked"), [("/logs", "filename=app.log&keyword=id-7&n=3"), ("/hits", "filename=app.log&step=1h")]
)
async def test_parameters_mean_the_same_in_the_url_and_in_the_body(
    autojump_clock: MockClock, cluster: Start, route: str, asked: str
) -> None:
    async with cluster(web0=LINES) as it:
        got = await it.ask(asked, route=route)
        _, posted = await post(it, route, asked)
        _, divided = await post(it, f"{route}?{asked.split('&')[0]}", asked.partition("&")[2])
        _, alone = await post(it, f"{route}?{asked}", "")
    bodies = [body if route == "/logs" else json.loads(body)["hits"] for body in (got.body, posted, divided, alone)]
    assert bodies[1:] == [bodies[0]] * 3


async def test_what_fits_into_no_url_reaches_every_host(autojump_clock: MockClock, cluster: Start) -> None:
    patterns = [("keyword", f"id-{number};") for number in range(50, 9000)] + [("keyword", "x" * 4000)] * 50
    asked = urlencode([("filename", "app.log"), ("any", "true"), *patterns])
    assert len(asked) > 300_000
    async with cluster(web0=LINES, web1=LINES, web2=Broken("405", version="0.0.9")) as it:
        response, body = await post(it, "/logs", asked)
    verdict = from_trailers(trailers(response))
    assert body.splitlines() == [line for line in LINES[:49:-1] for _ in range(2)]
    well = [(part.host, part.lines) for part in verdict.hosts if part.status is Status.OK]
    assert well == [("web0", 10), ("web1", 10)]
    assert "takes no question that fits into no URL: upgrade that agent" in verdict.hosts[0].message


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "said"),
    [
        ("/logs?filename=app.log", b"n=1", {"content_type": "text/plain"}, 415, f"a body holds parameters, as {FORM}"),
        ("/logs?filename=app.log", b"n=1", {"content_encoding": "gzip"}, 415, "without a Content-Encoding"),
        ("/logs?filename=app.log", b"x" * (MAX_FORM + 1), {}, 413, "larger than 1048576 bytes"),
        ("/logs?filename=app.log&n=1", b"n=2", {}, 400, "n: may be given once only"),
        ("/logs?filename=app.log", b"grep=2", {}, 400, "grep: unknown parameter"),
        ("/hits?filename=app.log", b"n=2", {}, 400, "n: unknown parameter"),
        ("/logs?filename=app.log", b"n=1", {"host": "elsewhere.example"}, 421, "does not name this agent"),
        ("/logs?filename=app.log", b"n=1", {"origin": "http://evil.example"}, 403, "a page of the origin"),
        ("/files", b"filename=app.log", {}, 405, "not for this route, which takes"),
        ("/nowhere", b"filename=app.log", {}, 404, "there is no such route"),
        ("/healthz", b"", {}, 405, "not for this route, which takes"),
    ],
)
async def test_what_is_wrong_is_said(
    autojump_clock: MockClock,
    cluster: Start,
    path: str,
    content: bytes,
    headers: dict[str, str],
    status: int,
    said: str,
) -> None:
    async with cluster(web0=LINES) as it:
        response, body = await post(it, path, content, **headers)
        assert (response.status_code, said in json.loads(body)["detail"]) == (status, True), body
        assert (await it.ask("filename=app.log&n=1")).status == 200


async def test_a_body_that_does_not_come_is_waited_for_no_longer_than_it_may_take(autojump_clock: MockClock) -> None:
    upload = Upload()
    began = trio.current_time()
    with pytest.raises(Refusal, match="did not come within 10 s") as refused:
        await upload.read(UploadRoom())
    assert (refused.value.status, trio.current_time() - began) == (408, SECONDS)


async def read_of(upload: Upload, room: UploadRoom, *pieces: bytes) -> bytes:
    """What is read of a body that comes in some pieces."""
    read: list[bytes] = []

    async def reads() -> None:
        read.append(await upload.read(room))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads)
        await trio.testing.wait_all_tasks_blocked()
        for number, piece in enumerate(pieces, 1):
            upload.receive({"body": piece, "more_body": number < len(pieces)})
    return read[0]


async def test_nothing_of_a_body_is_kept_that_nobody_reads() -> None:
    upload = Upload()
    upload.receive({"body": b"x" * 100, "more_body": True})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(upload.wait_until_wanted)
        await trio.testing.wait_all_tasks_blocked()
        assert await read_of(upload, UploadRoom(), b"n=", b"1") == b"n=1"


async def test_bodies_for_which_there_is_no_room_are_refused_for_now() -> None:
    room, waiting = UploadRoom(most=10), Upload()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waiting.read, room)
        await trio.testing.wait_all_tasks_blocked()
        waiting.receive({"body": b"x" * 8, "more_body": True})
        with pytest.RaisesGroup(pytest.RaisesExc(Refusal, match="too many bodies")) as refused:
            await read_of(Upload(), room, b"abc", b"de")
        nursery.cancel_scope.cancel()
    [error] = refused.value.exceptions
    assert isinstance(error, Refusal)
    assert error.status == 503
    assert await read_of(Upload(), room, b"1234567890") == b"1234567890"
    assert await read_of(Upload(), room, b"1234567890") == b"1234567890"
