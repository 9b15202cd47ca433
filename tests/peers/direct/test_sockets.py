"""Connecting: which of several addresses is taken, and what is said of those that take nothing."""

from __future__ import annotations

import errno
import math
import socket
import time
from pathlib import Path

import pytest

from logagent.peers.direct import sockets
from logagent.peers.direct.sockets import Address, connect_to_host, connect_to_socket
from logagent.peers.direct.waiting import Late, left

pytestmark = pytest.mark.real

PAST = 0.0


def at(port: int, family: int = socket.AF_INET, host: str = "127.0.0.1") -> Address:
    return (family, socket.SOCK_STREAM, 0, "", (host, port))


@pytest.fixture
def closed() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def leading_to(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    monkeypatch.setattr(sockets, "_look_up", lambda host, port, flags: list(addresses))


def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        leading_to(monkeypatch, at(closed), at(port))
        with connect_to_host("web-1", 1, math.inf) as connected:
            assert connected.getpeername() == ("127.0.0.1", port)
            assert connected.getblocking()


def test_the_first_refusal_is_told_if_all_refuse(monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    leading_to(monkeypatch, at(closed), at(0, socket.AF_INET, "255.255.255.255"))
    with pytest.raises(OSError, match=r".") as refused:
        connect_to_host("web-1", 1, math.inf)
    assert refused.value.errno == errno.ECONNREFUSED


def test_the_other_family_is_second(monkeypatch: pytest.MonkeyPatch) -> None:
    four, six = at(1), at(2, socket.AF_INET6, "::1")
    assert sockets._alternating([six, six, four, six]) == [six, four, six, six]
    assert sockets._alternating([four, four]) == [four, four]


def test_an_address_that_takes_nothing_in_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        leading_to(monkeypatch, at(listening.getsockname()[1]))
        with pytest.raises(Late):
            connect_to_host("web-1", 1, PAST)


def test_a_unix_socket_whose_queue_is_full_is_left(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as first:
        listening.bind(path)
        listening.listen(0)
        first.connect(path)
        with pytest.raises(Late):
            connect_to_socket(path, time.monotonic() + 0.001)


def test_waiting_without_an_end_has_no_seconds() -> None:
    assert left(math.inf) is None
