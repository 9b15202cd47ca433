"""A connection over ssh: how it begins, why it fails, and that its process always ends and is waited for."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.peers.client.exchange import close
from logagent.peers.ssh.child import Child
from logagent.peers.ssh.failing import SshBroken
from logagent.peers.ssh.network import SshNetwork
from logagent.peers.ssh.stream import START_TIMEOUT
from logagent.ssh_address import read_ssh
from testbed.played_ssh import SETTINGS, PlayedSsh

WEB = read_ssh("ssh://web-1")


async def why(ssh: PlayedSsh) -> str:
    """Why a connection cannot be read from."""
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    try:
        with pytest.raises(SshBroken) as broken:
            await stream.read(100)
        return str(broken.value)
    finally:
        await close(stream)  # noqa: ASYNC102 (shields itself, for a second at most)


async def test_bytes_go_both_ways_once_http2_has_begun(autojump_clock: MockClock) -> None:
    ssh = PlayedSsh()
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    await stream.write(b"preface")
    assert await ssh.stdin.receive_some() == b"preface"
    await ssh.stdout.send_all(SETTINGS[:4])
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def read() -> None:
            assert await stream.read(100) == SETTINGS + b"more"

        await wait_all_tasks_blocked()
        await ssh.stdout.send_all(SETTINGS[4:] + b"more")
    await ssh.stdout.send_all(b"Welcome")  # which now is a frame like any
    assert await stream.read(100) == b"Welcome"
    await stream.aclose()


@pytest.mark.parametrize("text", [b"Welcome\n", b"\nWelcome", b"\x00\x00Welcome", SETTINGS[:6] + b"Welcome"])
async def test_a_greeting_before_http2_is_named(text: bytes, autojump_clock: MockClock) -> None:
    ssh = PlayedSsh()

    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def greet() -> None:
            await wait_all_tasks_blocked()
            await ssh.stdout.send_all(text)

        told = await why(ssh)
    assert told.startswith("prints text before it speaks HTTP/2: '")
    assert "Welcome'" in told
    assert ssh.is_over


async def test_an_agent_that_never_begins_is_named_after_a_bounded_time(autojump_clock: MockClock) -> None:
    ssh, began = PlayedSsh(), trio.current_time()
    assert await why(ssh) == "`logagent stdio --name web-1` did not begin to speak within 60 s"
    assert trio.current_time() - began == START_TIMEOUT


async def test_what_ssh_says_is_the_reason_of_its_end(autojump_clock: MockClock) -> None:
    ssh = PlayedSsh()

    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def refuse() -> None:
            await wait_all_tasks_blocked()
            await ssh.stderr.send_all(b"x" * 100_000 + b"\n")
            ssh.end(255, b"Host key verification failed.\n")

        assert "ssh: " in (told := await why(ssh))
    assert "Host key verification failed." in told


async def test_a_connection_that_ends_later_is_told_by_the_signal(autojump_clock: MockClock) -> None:
    ssh = PlayedSsh()
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    await ssh.stdout.send_all(SETTINGS)
    assert await stream.read(100) == SETTINGS
    ssh.end(-signal.SIGKILL)
    with pytest.raises(SshBroken, match=r"^ssh was ended by SIGKILL$"):
        await stream.read(100)
    with pytest.raises(SshBroken, match=r"^ssh was ended by SIGKILL$"):
        await stream.write(b"x")
    await stream.aclose()


async def test_a_program_that_cannot_be_started_is_named() -> None:
    async def start(arguments: Sequence[str]) -> Child:
        raise FileNotFoundError(2, "No such file or directory", arguments[0])

    network = SshNetwork(WEB, start, {})
    with pytest.raises(SshBroken, match=r"^ssh cannot be started: No such file or directory; install ssh, or name"):
        await network.connect_tcp("", 0)
    with pytest.raises(SshBroken, match="LOGAGENT_SSH must be a program"):
        await SshNetwork(WEB, start, {"LOGAGENT_SSH": "'"}).connect_tcp("", 0)


# How it ends


async def test_leaving_closes_the_input_and_waits_for_the_end(autojump_clock: MockClock) -> None:
    ssh = PlayedSsh()
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    await stream.aclose()
    assert (ssh.is_over, ssh.signals) == (True, [])


@pytest.mark.parametrize(
    ("deaf", "signals"),
    [((), [signal.SIGTERM]), ((signal.SIGTERM,), [signal.SIGTERM, signal.SIGKILL])],
    ids=["told", "killed"],
)
async def test_what_does_not_end_with_its_input_is_told_to_and_then_killed_within_a_second(
    deaf: tuple[int, ...], signals: list[int], autojump_clock: MockClock
) -> None:
    ssh, began = PlayedSsh(deaf=deaf, stays=True), trio.current_time()
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    await stream.aclose()
    assert (ssh.is_over, ssh.signals) == (True, signals)
    assert trio.current_time() - began < 1.0


async def test_it_ends_although_the_closing_was_cancelled(autojump_clock: MockClock) -> None:
    ssh = PlayedSsh(deaf=(signal.SIGTERM,), stays=True)
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    with trio.CancelScope() as cancelled:
        cancelled.cancel()
        await stream.aclose()
    assert not ssh.is_over
    await trio.sleep(1.0)
    assert ssh.was_killed


def test_it_ends_with_trio_although_nobody_has_closed_it() -> None:
    ssh = PlayedSsh(deaf=(signal.SIGTERM,), stays=True)

    async def leave_it() -> None:
        await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)

    trio.run(leave_it, clock=MockClock(autojump_threshold=0))
    assert ssh.was_killed


async def test_error_output_that_another_process_holds_is_not_waited_for(autojump_clock: MockClock) -> None:
    ssh, began = PlayedSsh(lent=True), trio.current_time()
    stream = await SshNetwork(WEB, ssh.start, {}).connect_tcp("", 0)
    await stream.aclose()
    assert ssh.is_over
    assert trio.current_time() - began < 1.0
