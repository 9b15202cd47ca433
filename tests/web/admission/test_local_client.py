"""Which user of this machine a client is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
import trio

from logagent.socket_owners import CannotAsk, SocketPair
from logagent.web.admission.local_client import STATE, LocalClient, introduce, local_client


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, trio.SocketStream]]:
    """Both ends of a connection over loopback: the client's, and the accepted one."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        client.connect(listening.getsockname())
        accepted, _ = listening.accept()
        with accepted:
            yield client, trio.SocketStream(trio.socket.from_stdlib_socket(accepted))


def cannot_ask(pair: SocketPair) -> int | None:
    raise CannotAsk


@pytest.mark.real
async def test_a_client_over_loopback_is_the_owner_of_its_socket(
    connection: tuple[socket.socket, trio.SocketStream],
) -> None:
    assert await introduce(connection[1]) == {STATE: LocalClient(os.geteuid())}


@pytest.mark.real
async def test_where_the_kernel_cannot_be_asked_its_tables_are_read(
    connection: tuple[socket.socket, trio.SocketStream],
) -> None:
    assert await local_client(connection[1], ask=cannot_ask) == LocalClient(os.geteuid())


@pytest.mark.real
@pytest.mark.parametrize("error", [OSError, ValueError, RuntimeError])
async def test_where_neither_works_nobody_is_known(
    connection: tuple[socket.socket, trio.SocketStream], error: type[Exception]
) -> None:
    def fail(pair: SocketPair) -> int | None:
        raise error

    assert await local_client(connection[1], ask=cannot_ask, look=fail) == LocalClient(None)


@pytest.mark.real
async def test_of_a_client_that_was_reset_nobody_is_known(connection: tuple[socket.socket, trio.SocketStream]) -> None:
    client, accepted = connection
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert await local_client(accepted) == LocalClient(None)


async def test_a_client_of_a_unix_socket_is_its_user() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        async with trio.SocketStream(trio.socket.from_stdlib_socket(ours)) as accepted:
            assert await local_client(accepted) == LocalClient(os.geteuid(), unix=True)


class FromAfar:
    """An accepted connection from another machine."""

    family = socket.AF_INET

    def getpeername(self) -> tuple[str, int]:
        return ("192.0.2.7", 40000)

    def getsockname(self) -> tuple[str, int]:
        return ("192.0.2.1", 8000)


class FarStream:
    socket = FromAfar()


async def test_a_client_that_came_over_the_network_is_of_no_user_here() -> None:
    assert await local_client(FarStream(), ask=cannot_ask) is None  # type: ignore[arg-type]  # has what is looked at
