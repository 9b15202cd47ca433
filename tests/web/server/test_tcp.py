"""What the kernel knows of a client."""

from __future__ import annotations

import socket

import pytest
import trio
from trio.testing import memory_stream_pair, wait_all_tasks_blocked

from logagent.web.server.tcp import delivery_over


async def test_nobody_knows_how_it_stands_with_a_stream_in_memory() -> None:
    stream, _ = memory_stream_pair()
    assert delivery_over(stream) is None


@pytest.mark.real
async def test_the_kernel_tells_that_all_was_acknowledged() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    client = await trio.open_tcp_stream("127.0.0.1", listener.getsockname()[1])
    accepted, _ = listener.accept()
    with listener, accepted:
        async with client:
            await client.send_all(b"x")
            accepted.recv(1)
            told = delivery_over(client)
            assert told is not None
            assert (told.unacknowledged, told.silence < 60) == (False, True)
        assert delivery_over(client) is None
    await wait_all_tasks_blocked()
