"""The stream of one request: what it keeps of a response, and how it ends. No connection is needed for that."""

from __future__ import annotations

import functools

import h2.errors
import h2.events
import httpx
import pytest
import trio

from logagent.peers.client.exchange import Unanswered
from logagent.peers.client.h2_stream import CREDIT, Http2Stream, request_headers

LOST = functools.partial(httpx.ReadError, "connection lost")


def head(status: bytes = b"200") -> h2.events.Event:
    return h2.events.ResponseReceived(stream_id=1, headers=[(b":status", status), (b"content-type", b"text/plain")])


def data(text: bytes, padding: int = 0) -> h2.events.Event:
    return h2.events.DataReceived(stream_id=1, data=text, flow_controlled_length=len(text) + padding)


def reset() -> h2.events.Event:
    return h2.events.StreamReset(stream_id=1, error_code=h2.errors.ErrorCodes.CANCEL)


def a_stream(*events: h2.events.Event, repeatable: bool = False) -> Http2Stream:
    stream = Http2Stream(1, repeatable)
    for event in events:
        stream.receive(event)
    return stream


def test_new_stream_has_nothing() -> None:
    stream = a_stream()
    assert (stream.has_head(), stream.has_chunk(), stream.is_over, stream.uncredited) == (False, False, False, 0)


def test_head_is_the_status_and_the_headers_without_pseudo_headers() -> None:
    stream = a_stream(head())
    assert stream.has_head()
    assert stream.take_head() == (200, [(b"content-type", b"text/plain")])
    assert not stream.has_chunk()


def test_chunks_come_in_order_with_the_credit_due_for_each() -> None:
    stream = a_stream(head(), data(b"one"), data(b"two", padding=5))
    assert stream.uncredited == 11
    assert stream.take_chunk() == (b"one", 3)
    assert stream.uncredited == 8
    assert stream.take_chunk() == (b"two", 8)
    assert not stream.has_chunk()


def test_credit_is_given_once_it_is_worth_a_write() -> None:
    stream = Http2Stream(1, repeatable=True)
    assert [stream.credit_due(CREDIT - 1), stream.uncredited] == [0, CREDIT - 1]
    assert [stream.credit_due(1), stream.uncredited] == [CREDIT, 0]


def test_body_ends_behind_its_last_chunk() -> None:
    trailing = h2.events.TrailersReceived(stream_id=1, headers=[(b"log-status", b"0")])
    stream = a_stream(head(), data(b"one"), trailing, h2.events.StreamEnded(stream_id=1))
    assert stream.take_chunk() == (b"one", 3)
    assert (stream.take_chunk(), stream.trailers) == (None, [(b"log-status", b"0")])


def test_stream_that_ends_without_a_head_is_an_error() -> None:
    stream = a_stream(h2.events.StreamEnded(stream_id=1))
    assert stream.has_head()
    with pytest.raises(httpx.RemoteProtocolError, match="without a head"):
        stream.take_head()


@pytest.mark.parametrize("status", [b"2xx", b"20", b"2000"])
def test_status_that_is_none_is_an_error(status: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="is no status"):
        a_stream(head(status)).take_head()


def test_reset_is_an_error_behind_the_chunks_before_it() -> None:
    stream = a_stream(head(), data(b"one"), reset())
    assert stream.ended
    assert stream.take_chunk() == (b"one", 3)
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError, match="CANCEL"):
            stream.take_chunk()


def test_first_error_is_the_one_that_stays() -> None:
    stream = a_stream(head())
    stream.fail(LOST)
    stream.receive(reset())
    with pytest.raises(httpx.ReadError, match="connection lost"):
        stream.take_chunk()


def test_error_behind_the_end_is_none() -> None:
    stream = a_stream(head(), h2.events.StreamEnded(stream_id=1))
    stream.fail(LOST)
    assert stream.take_chunk() is None


@pytest.mark.parametrize(
    ("repeatable", "events", "error"),
    [(True, [], Unanswered), (False, [], httpx.ReadError), (True, [head()], httpx.ReadError)],
)
def test_lost_connection_allows_a_repetition_only_of_what_was_not_answered(
    repeatable: bool, events: list[h2.events.Event], error: type[Exception]
) -> None:
    stream = a_stream(*events, repeatable=repeatable)
    stream.lose_connection(LOST)
    with pytest.raises(error) as raised:
        stream.take_chunk()
    assert type(raised.value) is error


@pytest.mark.parametrize("event", [head(), data(b"one"), reset()])
async def test_whoever_waits_is_woken_by_every_event(event: h2.events.Event) -> None:
    stream = a_stream()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stream.waiting.park)
        await trio.testing.wait_all_tasks_blocked()
        stream.receive(event)
    assert not stream.waiting


def test_headers_of_one_http_1_connection_are_left_out() -> None:
    url = "http://agent:8080/logs?n=1"
    request = httpx.Request("GET", url, headers={"Connection": "keep-alive", "TE": "trailers", "Upgrade": "x"})
    assert request_headers(request) == [
        (b":method", b"GET"),
        (b":authority", b"agent:8080"),
        (b":scheme", b"http"),
        (b":path", b"/logs?n=1"),
        (b"te", b"trailers"),
    ]
