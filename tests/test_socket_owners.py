"""Who owns the other end of a connection, as the kernel tells."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from logagent.socket_owners import (
    CannotAsk,
    SocketPair,
    owner_by_sock_diag,
    owner_by_tables,
    pair_of,
    server_owner,
)

Owner = Callable[[SocketPair], int | None]
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LITTLE = pytest.mark.skipif(sys.byteorder == "big", reason="the tables below are those of a little-endian machine")


def row(pair: str, user: int, inode: int) -> str:
    return f"   1: {pair} 01 00000000:00000000 00:00000000 00000000  {user}        0 {inode} 1 0000000000000000 20 4\n"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "tcp").write_text(
        HEAD
        + row("0100007F:1F40 00000000:0000", 0, 77)  # the listener
        + row("0100007F:1F40 0100007F:9C40", 998, 78)  # its own end of the first connection
        + row("0100007F:9C40 0100007F:1F40", 33, 79)
        + row("0100007F:9C41 0100007F:1F40", 0, 0)  # closed by its client
    )
    (tmp_path / "tcp6").write_text(
        HEAD
        + row("0000000000000000FFFF00000100007F:9C42 0000000000000000FFFF00000100007F:1F40", 1000, 80)
        + row("00000000000000000000000001000000:9C43 00000000000000000000000001000000:1F40", 1001, 81)
    )
    return tmp_path


@LITTLE
@pytest.mark.parametrize(
    ("client", "server", "owner"),
    [
        (("127.0.0.1", 40000), ("127.0.0.1", 8000), 33),
        (("127.0.0.1", 40001), ("127.0.0.1", 8000), None),
        (("127.0.0.1", 40002), ("127.0.0.1", 8000), 1000),
        (("127.0.0.1", 40004), ("127.0.0.1", 8000), None),
        (("::1", 40003, 0, 0), ("::1", 8000, 0, 0), 1001),
        (("::ffff:127.0.0.1", 40000, 0, 0), ("::ffff:127.0.0.1", 8000, 0, 0), 33),
        (("127.0.0.1", 8000), ("127.0.0.1", 40000), 998),
    ],
)
def test_the_tables_tell_the_owner_of_exactly_these_addresses(
    tables: Path, client: tuple[str, int], server: tuple[str, int], owner: int | None
) -> None:
    assert owner_by_tables(pair_of(client, server), tables) == owner


def test_without_tables_nobody_is_known(tmp_path: Path) -> None:
    assert owner_by_tables(pair_of(("127.0.0.1", 1), ("127.0.0.1", 2)), tmp_path) is None


@pytest.mark.parametrize(
    ("client", "server", "loopback"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.9.9.9", "10.0.0.2", True),
        ("10.0.0.2", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("10.0.0.3", "10.0.0.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
    ],
)
def test_a_connection_is_of_this_machine_by_either_address(client: str, server: str, loopback: bool) -> None:
    assert pair_of((client, 1), (server, 2)).is_loopback is loopback


def waiting(pair: str, user: int, inode: int, state: str) -> str:
    return row(pair, user, inode).replace(" 01 ", f" {state} ")


SERVER, CLIENT = "01004D7F:1F40", "01004D7F:9C40"  # 127.77.0.1, which nobody uses: the kernel knows no such connection


@LITTLE
@pytest.mark.parametrize(
    ("tcp", "tcp6", "owner"),
    [
        ([row(f"{SERVER} {CLIENT}", 998, 78)], [], 998),
        ([row(f"{SERVER} {CLIENT}", 0, 0)], [], None),
        ([waiting(f"{SERVER} 00000000:0000", 0, 77, "0A"), row(f"{SERVER} {CLIENT}", 998, 78)], [], 998),
        ([waiting(f"{SERVER} 00000000:0000", 33, 77, "0A"), row(f"{SERVER} {CLIENT}", 0, 0)], [], 33),
        ([waiting("00000000:1F40 00000000:0000", 33, 77, "0A"), row(f"{SERVER} {CLIENT}", 0, 0)], [], 33),
        ([waiting(f"{SERVER} 00000000:0000", 33, 77, "0A")], [], None),
        ([row(f"{CLIENT} {SERVER}", 33, 77)], [], None),
        (
            [row(f"{SERVER} {CLIENT}", 0, 0)],
            [waiting(f"{'0' * 32}:1F40 {'0' * 32}:0000", 34, 77, "0A")],
            34,
        ),
    ],
)
def test_the_tables_tell_who_owns_or_will_accept_the_servers_end(
    tmp_path: Path, tcp: list[str], tcp6: list[str], owner: int | None
) -> None:
    (tmp_path / "tcp").write_text(HEAD + "".join(tcp))
    (tmp_path / "tcp6").write_text(HEAD + "".join(tcp6))
    assert server_owner(pair_of(("127.77.0.1", 40000), ("127.77.0.1", 8000)), tmp_path) == owner


# With the kernel itself.


@pytest.fixture(params=[owner_by_sock_diag, owner_by_tables])
def owner(request: pytest.FixtureRequest) -> Owner:
    asks: Owner = request.param
    return asks


def given_up(pair: SocketPair, owner: Owner) -> int | None:
    try:
        return owner(pair)
    except CannotAsk:
        return None


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def accepted_pair(listening: socket.socket) -> tuple[SocketPair, socket.socket]:
    accepted, _ = listening.accept()
    return pair_of(accepted.getpeername(), accepted.getsockname()), accepted


@pytest.mark.real
@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_the_kernel_knows_who_connected(owner: Owner, listener: socket.socket, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as client:
        client.connect((host, listener.getsockname()[1]))
        pair, accepted = accepted_pair(listener)
        with closing(accepted):
            assert owner(pair) == os.geteuid()


@pytest.mark.real
def test_the_kernel_knows_who_connected_over_ipv6(owner: Owner) -> None:
    with (
        socket.create_server(("::1", 0), family=socket.AF_INET6) as listening,
        socket.socket(socket.AF_INET6) as client,
    ):
        client.connect(listening.getsockname()[:2])
        pair, accepted = accepted_pair(listening)
        with closing(accepted):
            assert owner(pair) == os.geteuid()


@pytest.mark.real
def test_a_socket_that_its_client_closed_belongs_to_nobody(owner: Owner, listener: socket.socket) -> None:
    socket.create_connection(listener.getsockname()).close()
    pair, accepted = accepted_pair(listener)
    with closing(accepted):
        assert given_up(pair, owner) is None


@pytest.mark.real
def test_a_listener_at_the_clients_address_is_not_its_owner(owner: Owner, listener: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as another:
        pair = pair_of(another.getsockname(), listener.getsockname())
        assert given_up(pair, owner) is None


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a socket away")
def test_the_owner_is_the_user_of_the_clients_socket(owner: Owner, listener: socket.socket) -> None:
    with socket.socket() as client:
        os.fchown(client.fileno(), 12345, 12345)
        client.connect(listener.getsockname())
        pair, accepted = accepted_pair(listener)
        with closing(accepted):
            assert owner(pair) == 12345


def test_a_kernel_without_netlink_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError(97, "address family not supported")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(CannotAsk):
        owner_by_sock_diag(pair_of(("127.0.0.1", 1), ("127.0.0.1", 2)))


LISTENING = """
import socket, sys
bound, family = sys.argv[1:]
with socket.create_server((bound, 0), family=getattr(socket, family), dualstack_ipv6=bound == "::") as one:
    print(one.getsockname()[1], flush=True)
    sys.stdin.readline()
    accepted = one.accept()
    print("accepted", flush=True)
    sys.stdin.readline()
"""
"""Listens, and accepts one connection once it is told to."""


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="starts a program as another user")
@pytest.mark.parametrize(
    ("bound", "family", "to"),
    [
        ("127.0.0.1", "AF_INET", "127.0.0.1"),
        ("0.0.0.0", "AF_INET", "127.0.0.1"),
        ("::1", "AF_INET6", "::1"),
        ("::", "AF_INET6", "127.0.0.1"),
        ("::", "AF_INET6", "::1"),
    ],
)
def test_a_client_learns_who_serves_it_before_and_after_the_server_has_accepted(
    bound: str, family: str, to: str
) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        ["/usr/bin/env", "python3", "-c", LISTENING, bound, family], user=4711, text=True, **pipes
    ) as listening:
        assert listening.stdin
        assert listening.stdout
        with socket.create_connection((to, int(listening.stdout.readline()))) as client:
            pair = pair_of(client.getsockname(), client.getpeername())
            assert server_owner(pair) == 4711
            listening.stdin.write("accept\n")
            listening.stdin.flush()
            listening.stdout.readline()
            assert server_owner(pair) == 4711
        listening.stdin.close()


@pytest.mark.real
def test_a_listener_at_the_servers_address_is_not_the_owner_of_another_connection(listener: socket.socket) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        assert server_owner(pair_of(other.getsockname(), listener.getsockname())) is None
