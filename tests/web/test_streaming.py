"""The body of an answer: how sources that go on, fail or are cut look to a client."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256

import httpx
import pytest
import trio
import zstandard
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin, Out, Position
from logagent.core.cursor import decode, encode
from logagent.core.notes import Note
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.parameters import parse
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import chunks, connect, trailers
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.server.connections import serve_connection
from testbed.fake_agent import FakeAgent, Pump
from testbed.network import MemoryNetwork

LINE = Batch(b"2026-11-23T10:00:00Z line\n", 1)
CHUNK = Batch(b"x" * 65_535 + b"\n", 1)


@asynccontextmanager
async def asking(
    pump: Pump, answers: Answers | None = None, question: str = "filename=app.log", **headers: str
) -> AsyncIterator[httpx.Response]:
    """The response to one question, its body not read yet."""
    app = create_app(
        FakeAgent(pump),
        answers or Answers("web0", 10),
        version="0",
        access=Access(["web0"], certificate_required=False),
    )
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("web0", partial(serve_connection, app))
        async with connect("http://web0", network=network) as client:
            fields = {"accept-encoding": "identity"} | {name.replace("_", "-"): text for name, text in headers.items()}
            async with client.stream("GET", f"/logs?{question}", headers=fields) as response:
                yield response
        nursery.cancel_scope.cancel()


async def read(response: httpx.Response) -> bytes:
    return b"".join([chunk async for chunk in chunks(response)])


async def test_failure_before_the_first_byte_has_a_status_code(autojump_clock: MockClock) -> None:
    async def forbidden(query: Query, out: Out) -> Outcome:
        return Outcome(Status.PERMISSION_DENIED, "app.log: permission denied")

    async with asking(forbidden) as response:
        assert response.status_code == 403
        assert b"app.log: permission denied" in await read(response)


async def test_denial_of_this_agents_own_has_a_status_code_and_that_of_a_peer_has_none(
    autojump_clock: MockClock,
) -> None:
    async def denied(query: Query, out: Out) -> Outcome:
        return Outcome(Status.PERMISSION_DENIED, "no").of_host(query.files[0])

    for host, status in (("web0", 403), ("web1", 200)):
        async with asking(denied, question=f"filename={host}") as response:
            assert response.status_code == status
            await read(response)
            assert trailers(response).get("log-status", "7") == "7"


async def test_failure_after_a_sign_of_life_comes_in_the_trailers(autojump_clock: MockClock) -> None:
    async def late(query: Query, out: Out) -> Outcome:
        await out.send(SIGN_OF_LIFE)
        return Outcome(Status.NOT_FOUND, "no such file: app.log")

    async with asking(late) as response:
        assert response.status_code == 200
        assert await read(response) == b""
        assert from_trailers(trailers(response)).status is Status.NOT_FOUND


async def test_bug_before_the_first_byte_is_an_answer_with_status_13(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def buggy(query: Query, out: Out) -> Outcome:
        raise ZeroDivisionError("secret detail")

    async with asking(buggy) as response:
        assert await read(response) == b""
        verdict = from_trailers(trailers(response))
    assert (verdict.status, verdict.message) == (Status.INTERNAL, "internal error")
    assert "ZeroDivisionError" in caplog.text


async def test_bug_between_batches_keeps_the_lines_and_ends_with_status_13(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def buggy(query: Query, out: Out) -> Outcome:
        await out.send(LINE)
        await wait_all_tasks_blocked()
        raise ZeroDivisionError

    async with asking(buggy) as response:
        assert await read(response) == LINE.body
        verdict = from_trailers(trailers(response))
    assert (verdict.status, verdict.lines) == (Status.INTERNAL, 1)
    assert [part.host for part in verdict.hosts] == ["web0"]


async def test_expected_failure_that_escapes_a_source_is_a_bug_too(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def escaping(query: Query, out: Out) -> Outcome:
        raise Failure(Status.UNAVAILABLE, "not turned into an outcome")

    async with asking(escaping) as response:
        await read(response)
        assert from_trailers(trailers(response)).status is Status.INTERNAL


async def test_answers_cut_by_a_stop_end_with_a_verdict(autojump_clock: MockClock) -> None:
    async def endless(query: Query, out: Out) -> Outcome:
        await out.send(LINE)
        await trio.sleep_forever()
        raise AssertionError

    answers = Answers("web0", 10)
    async with asking(endless, answers) as response:
        await wait_all_tasks_blocked()
        answers.cut()
        assert await read(response) == LINE.body
        verdict = from_trailers(trailers(response))
    assert (verdict.status, verdict.message, verdict.lines) == (Status.UNAVAILABLE, "web0 is stopping", 1)


async def test_an_answer_that_is_cut_keeps_the_notes_that_were_told(autojump_clock: MockClock) -> None:
    note = Note("link", ("a",), 1, "web0")

    async def endless(query: Query, out: Out) -> Outcome:
        await out.send(replace(LINE, notes=(note,)))
        await out.send(LINE)
        await trio.sleep_forever()
        raise AssertionError

    answers = Answers("web0", 10)
    async with asking(endless, answers) as response:
        await wait_all_tasks_blocked()
        answers.cut()
        await read(response)
        assert from_trailers(trailers(response)).notes == (note,)


async def test_answer_that_takes_an_hour_is_not_cut(autojump_clock: MockClock) -> None:
    async def slow(query: Query, out: Out) -> Outcome:
        for _ in range(60):
            await trio.sleep(60)
            await out.send(LINE)
        return Outcome(lines=60)

    async with asking(slow) as response:
        assert await read(response) == LINE.body * 60
        assert from_trailers(trailers(response)).complete


async def test_reader_that_stops_reading_stops_the_source(autojump_clock: MockClock) -> None:
    sent = 0

    async def endless(query: Query, out: Out) -> Outcome:
        nonlocal sent
        while True:
            await out.send(CHUNK)
            sent += 1

    async with asking(endless):
        await wait_all_tasks_blocked()
        standing = sent
        await trio.sleep(3600)
        assert sent == standing
    assert standing * len(CHUNK.body) < 4 * 1024 * 1024


async def test_client_that_goes_away_cancels_the_source(autojump_clock: MockClock) -> None:
    cancelled = trio.Event()
    answers = Answers("web0", 10)

    async def endless(query: Query, out: Out) -> Outcome:
        await out.send(LINE)
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()
        raise AssertionError

    async with asking(endless, answers) as response:
        assert response.status_code == 200
        await response.aclose()
        with trio.fail_after(10):
            await cancelled.wait()
        await wait_all_tasks_blocked()
        assert not answers.under_way


async def test_query_asks_for_the_columns_that_its_form_needs(autojump_clock: MockClock) -> None:
    asked: list[Query] = []

    async def ask(query: Query, out: Out) -> Outcome:
        asked.append(query)
        return Outcome()

    async with asking(ask) as response:
        await read(response)
    async with asking(ask, accept="application/x-ndjson") as response:
        await read(response)
    assert [(query.form.times, query.form.places) for query in asked] == [(False, False), (True, True)]


async def test_batch_on_its_way_when_the_answer_is_cut_is_counted(autojump_clock: MockClock) -> None:
    async def endless(query: Query, out: Out) -> Outcome:
        while True:
            await out.send(CHUNK)

    answers = Answers("web0", 10)
    async with asking(endless, answers) as response:
        await wait_all_tasks_blocked()
        answers.cut()
        body = await read(response)
        verdict = from_trailers(trailers(response))
    assert verdict.lines == body.count(b"\n") > 0


# Follows

FOLLOW = "filename=app.log&follow=true"
WEB = Origin("web0", "app.log", log="app.log", fingerprint=1)


def written(line: bytes, offset: int) -> Batch:
    behind = offset + len(line) + 1
    return Batch(line + b"\n", 1, [0], [offset], (WEB,), positions=(Position("web0", "app.log", 1, behind),))


async def silent(query: Query, out: Out) -> Outcome:
    await out.send(written(b"one", 0))
    await trio.sleep_forever()
    raise AssertionError


async def test_follow_begins_with_its_first_batch_though_that_has_nothing_to_show(autojump_clock: MockClock) -> None:
    async def alive(query: Query, out: Out) -> Outcome:
        await out.send(SIGN_OF_LIFE)
        await trio.sleep_forever()
        raise AssertionError

    async with asking(alive, question=FOLLOW) as response:
        assert response.status_code == 200
        assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")


async def test_answer_that_ends_may_be_buffered(autojump_clock: MockClock) -> None:
    async def short(query: Query, out: Out) -> Outcome:
        return Outcome()

    async with asking(short) as response:
        assert "x-accel-buffering" not in response.headers


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
async def test_followed_lines_arrive_as_they_are_written(autojump_clock: MockClock, coding: str) -> None:
    lines_in, lines_out = trio.open_memory_channel[bytes](0)

    async def follow(query: Query, out: Out) -> Outcome:
        await out.send(Batch(b"line 0\n", 1))
        async for line in lines_out:
            await out.send(Batch(line + b"\n", 1))
        return Outcome()

    decode = {
        "gzip": zlib.decompressobj(31).decompress,
        "zstd": zstandard.ZstdDecompressor().decompressobj().decompress,
    }
    received = []
    with trio.fail_after(10):
        async with asking(follow, question=FOLLOW, accept_encoding=coding) as response:
            async for raw in response.aiter_raw():
                received.append(decode.get(coding, bytes)(raw))
                if len(received) == 5:
                    lines_in.close()
                elif len(received) < 5:  # Only now is the next one written.
                    await lines_in.send(b"line %d" % len(received))
    assert received[:5] == [b"line %d\n" % number for number in range(5)]
    assert not any(received[5:])


async def test_stop_cuts_follows_at_once_with_a_cursor_and_lets_answers_go_on(autojump_clock: MockClock) -> None:
    answers = Answers("web0", 10)
    async with asking(silent, answers, FOLLOW) as followed, asking(silent, answers) as answered:
        await wait_all_tasks_blocked()
        assert (answers.follows, answers.under_way) == (1, 1)
        answers.cut_follows()
        await read(followed)
        verdict = from_trailers(trailers(followed))
        assert (answers.follows, answers.under_way) == (0, 1)
        assert answered.status_code == 200
    assert (verdict.status, verdict.message) == (Status.UNAVAILABLE, "web0 is stopping")
    asked = parse(FOLLOW.encode(), 0)
    assert decode(verdict.cursor, asked).positions == (Position("web0", "app.log", 1, 4),)


async def test_follows_are_counted_apart_from_answers(autojump_clock: MockClock) -> None:
    async with asking(silent, Answers("web0", 0), FOLLOW) as response:
        assert response.status_code == 200
    async with asking(silent, Answers("web0", 10, most_follows=0), FOLLOW) as response:
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert b"too many follows are under way" in await read(response)
    async with asking(silent, Answers("web0", 10, most_follows=0)) as response:
        assert response.status_code == 200


async def test_event_stream_goes_on_behind_the_last_event_whatever_the_url_says(autojump_clock: MockClock) -> None:
    asked: list[Query] = []

    async def ask(query: Query, out: Out) -> Outcome:
        asked.append(query)
        await out.send(written(b"one", 0))
        return Outcome()

    query = parse(FOLLOW.encode(), 0)
    old, new = Position("web0", "app.log", 1, 2), Position("web0", "app.log", 1, 3)
    question = f"{FOLLOW}&cursor={encode(query, [old])}"
    async with asking(ask, None, question, accept="text/event-stream", last_event_id=encode(query, [new])) as response:
        assert response.headers["content-type"] == "text/event-stream"
        body = await read(response)
    assert [query.positions for query in asked] == [(new,)]
    expected = encode(query, [Position("web0", "app.log", 1, 4)])
    assert body.startswith(b"id: %b\ndata: {" % expected.encode())
    assert b"\nevent: end\ndata: {" in body


async def test_last_event_id_that_is_no_cursor_is_a_400_that_names_it(autojump_clock: MockClock) -> None:
    async with asking(silent, None, FOLLOW, accept="text/event-stream", last_event_id="17") as response:
        assert response.status_code == 400
        assert json.loads(await read(response))["parameter"] == "Last-Event-ID"


async def test_follow_over_http1_comes_in_chunks_as_lines_are_written(autojump_clock: MockClock) -> None:
    lines_in, lines_out = trio.open_memory_channel[bytes](0)

    async def follow(query: Query, out: Out) -> Outcome:
        async for line in lines_out:
            await out.send(Batch(line + b"\n", 1, [0], [0], (WEB,)))
        return Outcome()

    app = create_app(
        FakeAgent(follow), Answers("web0", 10), version="0", access=Access(["web0"], certificate_required=False)
    )
    theirs, ours = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, app, ours)
        await theirs.send_all(f"GET /logs?{FOLLOW} HTTP/1.1\r\nhost: web0\r\n\r\n".encode())
        await lines_in.send(b"first")
        await wait_all_tasks_blocked()
        head, _, chunk = bytes(await theirs.receive_some()).partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head.lower()
        chunk += b"" if chunk else bytes(await theirs.receive_some())
        assert chunk == b"6\r\nfirst\n\r\n"
        await trio.sleep(3600)
        await lines_in.send(b"later")
        await wait_all_tasks_blocked()
        assert bytes(await theirs.receive_some()) == b"6\r\nlater\n\r\n"
        nursery.cancel_scope.cancel()


async def partly(query: Query, out: Out) -> Outcome:
    """A source that fails behind its first line."""
    await out.send(written(b"one", 0))
    return Outcome(Status.UNAVAILABLE, "web1 is gone", 1)


async def counted(query: Query, out: Out) -> Outcome:
    """A source of counts that fails behind its first count."""
    await out.send(Batch(b"1 1000000000\n", 1, [0], [0], (WEB,)))
    return Outcome(Status.UNAVAILABLE, "web1 is gone", 1)


async def over_http1(pump: Pump, route: str, accept: str) -> bytes:
    """All that a client of HTTP/1.1 gets until the connection ends or falls silent."""
    app = create_app(
        FakeAgent(pump), Answers("web0", 10), version="0", access=Access(["web0"], certificate_required=False)
    )
    theirs, ours = memory_stream_pair()
    received = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, app, ours)
        head = f"GET {route}?filename=app.log HTTP/1.1\r\nhost: web0\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        await theirs.send_all(head.encode())
        while chunk := await theirs.receive_some():
            received += chunk
        nursery.cancel_scope.cancel()
    return received


@pytest.mark.parametrize(
    ("pump", "route", "accept", "ends"),
    [
        (partly, "/logs", "text/plain", False),
        (partly, "/logs", "application/x-ndjson", True),
        (partly, "/logs", "text/event-stream", True),
        (counted, "/hits", "text/plain", False),
        (counted, "/hits", "application/x-ndjson", True),
        (counted, "/hits", "application/json", True),
    ],
)
async def test_incomplete_answer_over_http1_is_cut_unless_its_body_ends_with_the_verdict(
    autojump_clock: MockClock, pump: Pump, route: str, accept: str, ends: bool
) -> None:
    received = await over_http1(pump, route, accept)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert (b"web1 is gone" in received, received.endswith(b"0\r\n\r\n")) == (ends, ends)


async def test_answer_is_not_cached_and_its_type_not_guessed(autojump_clock: MockClock) -> None:
    async with asking(partly) as response:
        assert (response.headers["cache-control"], response.headers["x-content-type-options"]) == (
            "no-store",
            "nosniff",
        )


@pytest.mark.parametrize(("question", "is_kept"), [("filename=app.log", False), (FOLLOW, True)])
async def test_client_that_takes_nothing_keeps_a_follow_and_no_other_answer(
    mock_clock: MockClock, question: str, is_kept: bool
) -> None:
    ended = trio.Event()

    async def endless(query: Query, out: Out) -> Outcome:
        try:
            while True:
                await out.send(CHUNK)
        finally:
            ended.set()

    app = create_app(
        FakeAgent(endless), Answers("web0", 10), version="0", access=Access(["web0"], certificate_required=False)
    )
    theirs, ours = lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, app, ours)
        await theirs.send_all(f"GET /logs?{question} HTTP/1.1\r\nhost: web0\r\n\r\n".encode())
        await wait_all_tasks_blocked()
        for _ in range(10):
            mock_clock.jump(60)
            await wait_all_tasks_blocked()
        assert ended.is_set() is not is_kept
        nursery.cancel_scope.cancel()


MANY = tuple(
    Position("web0", f"{number}.log", 1024 << 32 | zlib.crc32(sha256(b"%d" % number).digest()), number)
    for number in range(3000)
)


async def test_an_answer_of_too_many_logs_has_no_cursor_and_says_so(autojump_clock: MockClock) -> None:
    async def many(query: Query, out: Out) -> Outcome:
        await out.send(replace(LINE, positions=MANY))
        return Outcome(Status.RESOURCE_EXHAUSTED, "no more")

    async with asking(many) as response:
        await read(response)
        outcome = from_trailers(trailers(response))
    assert outcome.cursor == ""
    assert outcome.notes == (Note("cursor", (), 3000, "web0"),)
    assert outcome.notes[0].sentence == "there is no cursor: the positions of 3000 logs do not fit into one"


async def test_an_answer_whose_source_does_not_say_all_positions_has_no_cursor(autojump_clock: MockClock) -> None:
    note = Note("cursor", (), 9000, "web0")

    async def narrowed(query: Query, out: Out) -> Outcome:
        await out.send(replace(LINE, positions=MANY[:3]))
        return Outcome(Status.RESOURCE_EXHAUSTED, "no more", notes=(note,))

    async with asking(narrowed) as response:
        await read(response)
        outcome = from_trailers(trailers(response))
    assert (outcome.cursor, outcome.notes) == ("", (note,))


async def test_records_of_many_logs_have_no_cursors_though_the_answer_has_one(autojump_clock: MockClock) -> None:
    async def many(query: Query, out: Out) -> Outcome:
        await out.send(replace(LINE, origins=(Origin("web0", "a.log"),), times=[0], offsets=[0], positions=MANY[:900]))
        return Outcome(Status.RESOURCE_EXHAUSTED, "no more")

    async with asking(many, question="filename=app.log&cursors=true", accept="application/x-ndjson") as response:
        record, end = map(json.loads, (await read(response)).splitlines())
    assert "cursor" not in record
    assert end["end"]["cursor"]
    assert [(note["kind"], note["count"]) for note in end["end"]["notes"]] == [("record_cursors", 901)]


async def test_a_source_is_told_what_else_its_client_was_waiting_for(autojump_clock: MockClock) -> None:
    beside: dict[str, int] = {}

    async def pump(query: Query, out: Out) -> Outcome:
        beside[query.files[0]] = query.beside
        await trio.sleep(1 if query.files[0] != "d.log" else 0)
        return Outcome()

    app = create_app(
        FakeAgent(pump), Answers("web0", 10), version="0", access=Access(["web0"], certificate_required=False)
    )
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("web0", partial(serve_connection, app))
        async with connect("http://web0", network=network) as client, trio.open_nursery() as asking:
            for name in ("a.log", "b.log", "c.log"):
                asking.start_soon(client.get, f"/logs?filename={name}")
                await trio.sleep(0.1)
        async with connect("http://web0", network=network) as client:
            for name in ("d.log", "e.log"):
                await client.get(f"/logs?filename={name}")
        nursery.cancel_scope.cancel()
    assert beside == {"a.log": 0, "b.log": 1, "c.log": 2, "d.log": 0, "e.log": 0}
