"""Sockets to listen on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest

from logagent.web.server import listening
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import listen, listen_on_all
from testbed.raw_http import Http1Client

LIMITS = ConnectionLimits()
Open = Callable[..., Http1Client]


@pytest.mark.real
def test_address_of_an_ipv6_listener_has_brackets() -> None:
    listener = listen("::1", 0, None)
    with listener.socket:
        assert listener.address == f"http://[::1]:{listener.socket.getsockname()[1]}"


@pytest.mark.real
def test_clients_that_fall_silent_are_asked_whether_they_are_there() -> None:
    with listen("127.0.0.1", 0, None).socket as bound:
        assert bound.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.real
def test_address_that_is_taken_is_named() -> None:
    listener = listen("127.0.0.1", 0, None)
    port = listener.socket.getsockname()[1]
    with listener.socket, pytest.raises(OSError, match=f"127.0.0.1 port {port}") as raised:
        listen("127.0.0.1", port, None)
    assert raised.value.errno == errno.EADDRINUSE
    assert "address already in use; another program listens there" in str(raised.value)


@pytest.mark.real
def test_localhost_is_answered_on_both_families() -> None:
    four, six = listen_on_all("localhost", 0, None)
    with four.socket, six.socket:
        port = four.socket.getsockname()[1]
        assert [four.address, six.address] == [f"http://127.0.0.1:{port}", f"http://[::1]:{port}"]


@pytest.mark.real
@pytest.mark.parametrize(("missing", "left"), [(errno.EADDRNOTAVAIL, 1), (errno.EADDRINUSE, 0)])
def test_localhost_needs_no_second_family_but_its_address(
    monkeypatch: pytest.MonkeyPatch, missing: int, left: int
) -> None:
    def only_ipv4(host: str, port: int, tls: None) -> listening.Listener:
        if host == "::1":
            raise OSError(missing, "no")
        return listen(host, port, tls)

    monkeypatch.setattr(listening, "listen", only_ipv4)
    if not left:
        with pytest.raises(OSError, match="no"):
            listen_on_all("localhost", 0, None)
    else:
        (four,) = listen_on_all("localhost", 0, None)
        four.close()
