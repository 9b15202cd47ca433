"""Words for people."""

from __future__ import annotations

import errno
import socket

import httpx
import pytest
import trio

from logagent.peers.client.http_client import connect
from logagent.peers.client.reasons import reason


@pytest.mark.real
async def test_refused_connection_is_called_so() -> None:
    with trio.socket.socket() as bound:  # bound and not listening: nobody else can answer there
        await bound.bind(("127.0.0.1", 0))
        async with connect(f"http://127.0.0.1:{bound.getsockname()[1]}") as client:
            with pytest.raises(httpx.ConnectError) as caught:
                await client.get("/")
    assert reason(caught.value) == "cannot connect: connection refused"


def test_words_of_the_system_are_found_under_groups() -> None:
    error = httpx.ConnectError("all attempts failed")
    error.__cause__ = OSError("all attempts failed")
    error.__cause__.__cause__ = ExceptionGroup("", [OSError(errno.EHOSTUNREACH, "x")])
    assert reason(error) == "cannot connect: no route to host"


def test_a_name_that_nobody_has_is_told_without_its_number() -> None:
    error = httpx.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert reason(error) == "cannot connect: name or service not known"


def test_error_without_a_word_of_the_system_speaks_for_itself() -> None:
    assert reason(httpx.RemoteProtocolError("stream reset")) == "connection lost: stream reset"


def test_error_without_words_is_named_all_the_same() -> None:
    assert reason(httpx.ReadError("")) == "connection lost"
