"""The network's errors as httpx's, and the end of a connection."""

from __future__ import annotations

import httpcore
import httpx
import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from logagent.peers.client.exchange import CLOSE_TIMEOUT, close, message_of, raising
from testbed.scripted import Pipe


@pytest.mark.parametrize(
    "error",
    [httpcore.ReadError("gone"), trio.BrokenResourceError("gone"), trio.ClosedResourceError("gone"), OSError("gone")],
)
def test_errors_of_the_network_become_httpxs(error: Exception) -> None:
    with pytest.raises(httpx.ReadError, match="gone") as raised:
        with raising(httpx.ReadError):
            raise error
    assert raised.value.__cause__ is error


def test_bug_is_not_taken_for_an_error_of_the_network() -> None:
    with pytest.raises(ZeroDivisionError):
        with raising(httpx.ReadError):
            raise ZeroDivisionError


def test_mute_error_is_told_by_its_cause() -> None:
    mute = trio.BrokenResourceError()
    assert message_of(mute) == "BrokenResourceError"
    mute.__cause__ = OSError("certificate verify failed")
    assert message_of(mute) == "certificate verify failed"


async def test_closing_takes_a_bounded_time_even_when_cancelled(autojump_clock: MockClock) -> None:
    pipe = Pipe(memory_stream_pair()[0])
    pipe.before_close = trio.sleep_forever
    started = trio.current_time()
    with trio.CancelScope() as scope:
        scope.cancel()
        await close(pipe)
    assert trio.current_time() - started == CLOSE_TIMEOUT


async def test_error_while_closing_is_no_error(autojump_clock: MockClock) -> None:
    async def break_off() -> None:
        raise httpcore.WriteError("broken pipe")

    pipe = Pipe(memory_stream_pair()[0])
    pipe.before_close = break_off
    await close(pipe)
    assert not pipe.closed
