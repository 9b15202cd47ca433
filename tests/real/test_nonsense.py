"""One client's nonsense over a real socket: it is refused, and a bystander's stream on another connection goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import h2.config
import h2.connection
import pytest
import trio
from hyperframe.frame import HeadersFrame, PriorityFrame

from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import chunks, connect, trailers
from testbed.processes import Process, needs, running

pytestmark = pytest.mark.real

LINES = 400_000
ALIVE = 20.0
"""Seconds after which a client that gets no answer counts as left hanging: far more than any answer takes."""
UPLOAD = 50 * 1024 * 1024


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    root = tmp_path_factory.mktemp("web0")
    (root / "app.log").write_bytes(b"".join(b"2026-11-23T10:00:00Z line %d\n" % number for number in range(LINES)))
    with running("web0", root) as process:
        yield process


@asynccontextmanager
async def bystander(agent: Process) -> AsyncIterator[None]:
    """A client in the middle of an answer, which it reads to its end once the nonsense is over."""
    async with connect(agent.url) as client:
        async with client.stream("GET", "/logs?filename=app.log", headers={"accept-encoding": "identity"}) as response:
            arriving = chunks(response)
            body = bytearray(await anext(arriving))
            yield
            async for chunk in arriving:
                body += chunk
            verdict = from_trailers(trailers(response))
    assert verdict.complete
    assert bytes(body).count(b"\n") == LINES
    assert agent.popen.poll() is None


def raw_connection() -> h2.connection.H2Connection:
    """An HTTP/2 client that checks nothing of what it sends."""
    config = h2.config.H2Configuration(
        header_encoding=None, validate_outbound_headers=False, normalize_outbound_headers=False
    )
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    return connection


def request(**fields: bytes) -> list[tuple[bytes, bytes]]:
    whole = {"method": b"GET", "scheme": b"http", "authority": b"web0", "path": b"/logs?filename=app.log&n=1"} | fields
    return [(b":" + name.encode(), value) for name, value in whole.items() if value]


def byte_over_0x7f() -> bytes:
    connection = raw_connection()
    connection.send_headers(1, request(path=b"/logs\xff\xfe?filename=app.log"), end_stream=True)
    return connection.data_to_send()


def method_over_0x7f() -> bytes:
    connection = raw_connection()
    connection.send_headers(1, request(method=b"G\xc3T"), end_stream=True)
    return connection.data_to_send()


def connect_without_path() -> bytes:
    connection = raw_connection()
    block = connection.encoder.encode([(b":method", b"CONNECT"), (b":authority", b"web0")])
    headers = HeadersFrame(1, data=block, flags=["END_HEADERS", "END_STREAM"])
    return connection.data_to_send() + headers.serialize()


def two_thousand_priorities() -> bytes:
    frames = [PriorityFrame(2 * number + 1, depends_on=0, stream_weight=1) for number in range(2000)]
    return raw_connection().data_to_send() + b"".join(frame.serialize() for frame in frames)


def invalid_upgrade() -> bytes:
    return (
        b"GET /logs?filename=app.log&n=1 HTTP/1.1\r\nhost: web0\r\nconnection: upgrade, http2-settings\r\n"
        b"upgrade: h2c\r\nhttp2-settings: AAIAAAAC_not_base64!\r\n\r\n"
    )


def garbage() -> bytes:
    return bytes(range(256)) * 64


@pytest.mark.parametrize(
    "nonsense",
    [byte_over_0x7f, method_over_0x7f, connect_without_path, two_thousand_priorities, invalid_upgrade, garbage],
)
async def test_nonsense_is_answered_or_cut_and_touches_nobody_else(
    agent: Process, nonsense: Callable[[], bytes]
) -> None:
    async with bystander(agent):
        async with await trio.open_tcp_stream("127.0.0.1", agent.port) as stream:
            await stream.send_all(nonsense())
            with trio.fail_after(ALIVE):
                assert await stream.receive_some(65536) is not None


@needs("curl")
@pytest.mark.parametrize("route", ["/logs", "/nowhere"])
async def test_upload_of_fifty_megabytes_is_refused_and_touches_nobody_else(agent: Process, route: str) -> None:
    before = agent.memory
    async with bystander(agent):
        command = ["curl", "-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", "-T", "-"]
        with trio.fail_after(ALIVE):
            done = await trio.run_process([*command, agent.url + route], stdin=bytes(UPLOAD), capture_stdout=True)
        assert done.stdout in (b"404", b"405", b"413")
    assert agent.memory - before < UPLOAD // 5
