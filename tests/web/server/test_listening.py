"""Sockets to listen on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest

from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import listen
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
