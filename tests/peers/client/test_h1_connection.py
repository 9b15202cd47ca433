"""HTTP/1.1 to a server without HTTP/2: trailers after a chunked body, one exchange per connection, and how it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpcore
import httpx
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from logagent.peers.client import transport
from testbed.scripted import PATIENCE, Asking, Bench, Pipe, open_bench

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: log-status\r\n\r\n"


class _AgreedOnHttp1:
    """What a TLS stream says after a handshake in which the server did not offer HTTP/2."""

    def selected_alpn_protocol(self) -> str:
        return "http/1.1"


class _Http1Pipe(Pipe):
    certificate_ends = None

    def get_extra_info(self, info: str) -> object:
        return _AgreedOnHttp1()


async def _as_if_over_tls(network: Pipe, *_: object) -> Pipe:
    await trio.lowlevel.checkpoint()
    return network


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(transport, "start_tls", _as_if_over_tls)
    async with open_bench("https://agent") as opened:
        opened.network.make_pipe = _Http1Pipe
        yield opened


async def _asked(bench: Bench) -> tuple[Asking, trio.StapledStream[trio.abc.SendStream, trio.abc.ReceiveStream], bytes]:
    asking = bench.ask()
    end = await bench.network.accept_raw()
    request = b""
    with trio.fail_after(PATIENCE):
        while not request.endswith(b"\r\n\r\n"):
            request += await end.receive_some()
    return asking, end, request


async def test_trailers_are_there_after_the_body(autojump_clock: MockClock, bench: Bench) -> None:
    asking, end, _ = await _asked(bench)
    await end.send_all(CHUNKED + b"4\r\none\n\r\n4\r\ntwo\n\r\n0\r\nlog-status: 0\r\n\r\n")
    await asking.ended()
    assert (asking.body, asking.trailers, asking.error) == (b"one\ntwo\n", {"log-status": "0"}, None)
    assert asking.response is not None
    assert asking.response.http_version == "HTTP/1.1"


async def test_asks_for_trailers_and_for_nothing_after_this_exchange(autojump_clock: MockClock, bench: Bench) -> None:
    _, _, request = await _asked(bench)
    head, *lines = request.decode().split("\r\n")
    assert request.lower().count(b"connection:") == 1
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    assert head == "GET /logs HTTP/1.1"
    assert (headers["host"], headers["te"], headers["connection"]) == ("agent", "trailers", "close, te")


async def test_an_answer_before_the_final_one_is_passed_over(autojump_clock: MockClock, bench: Bench) -> None:
    asking, end, _ = await _asked(bench)
    await end.send_all(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\none\n")
    await asking.ended()
    assert (asking.body, asking.error) == (b"one\n", None)


async def test_the_connection_is_closed_after_the_answer(autojump_clock: MockClock, bench: Bench) -> None:
    asking, end, _ = await _asked(bench)
    await end.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    await asking.ended()
    assert bench.network.pipes[0].closed


async def test_requests_at_the_same_time_have_a_connection_each(autojump_clock: MockClock, bench: Bench) -> None:
    await _asked(bench)
    await _asked(bench)
    assert len(bench.network.pipes) == 2


@pytest.mark.parametrize("sent", [b"", CHUNKED, CHUNKED + b"4\r\none\n\r\n"])
async def test_cancelled_at_any_moment_closes_the_connection(
    autojump_clock: MockClock, bench: Bench, sent: bytes
) -> None:
    asking, end, _ = await _asked(bench)
    await end.send_all(sent)
    await trio.testing.wait_all_tasks_blocked()
    await asking.left()
    assert bench.network.pipes[0].closed


@pytest.mark.parametrize(
    "sent", [b"", CHUNKED, CHUNKED + b"4\r\none\n\r\n", b"nonsense\r\n\r\n", CHUNKED + b"nonsense\r\n"]
)
async def test_what_breaks_off_or_is_not_http_is_an_error(autojump_clock: MockClock, bench: Bench, sent: bytes) -> None:
    asking, end, _ = await _asked(bench)
    await end.send_all(sent)
    await end.aclose()
    await asking.ended()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.RemoteProtocolError, True)


async def test_a_broken_connection_is_an_error(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    bench.network.make_pipe = _BrokenPipe
    await asking.ended()
    assert isinstance(asking.error, httpx.WriteError)


class _BrokenPipe(_Http1Pipe):
    async def write(self, *_: object, **__: object) -> None:
        raise httpcore.WriteError("broken pipe")


async def test_closing_the_client_ends_what_is_under_way(autojump_clock: MockClock, bench: Bench) -> None:
    asking, end, _ = await _asked(bench)
    await end.send_all(CHUNKED)
    await trio.testing.wait_all_tasks_blocked()
    await bench.client.aclose()
    await asking.ended()
    assert isinstance(asking.error, httpx.ReadError)


async def test_a_place_is_given_back_after_each(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_REQUESTS", 1)
    monkeypatch.setattr(transport, "start_tls", _as_if_over_tls)
    async with open_bench("https://agent") as bench:
        bench.network.make_pipe = _Http1Pipe
        for _ in range(3):
            asking, end, _request = await _asked(bench)
            await end.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await asking.ended()
            assert asking.error is None
