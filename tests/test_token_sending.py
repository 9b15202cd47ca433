"""To whom a token may be sent, whoever sends it; what a command says of it is in `terminal/test_credential.py`."""

from __future__ import annotations

import os
import socket

import pytest

from logagent.token_sending import is_in_cleartext, leads_out, objection


@pytest.mark.parametrize(
    ("url", "cleartext", "out"),
    [
        ("http://10.0.0.2:8000", True, True),
        ("http://web-1:8000", True, True),
        ("http://127.0.0.1:8000", True, False),
        ("http://[::1]:8000", True, False),
        ("http://localhost:8000", True, False),
        ("https://10.0.0.2:8443", False, False),
        ("unix:/run/logagent/agent.sock", False, False),
    ],
)
def test_it_leaves_the_machine_only_by_tls(url: str, cleartext: bool, out: bool) -> None:
    assert (is_in_cleartext(url), leads_out(url)) == (cleartext, out)


@pytest.mark.real
def test_a_connection_to_a_listener_of_ones_own_is_no_objection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as near:
        assert objection(near) == ""
        assert objection(near, lambda pair: os.geteuid() + 4711).startswith(f"user {os.geteuid() + 4711} listens there")
        near.shutdown(socket.SHUT_RDWR)
        listener.accept()[0].close()
    assert "its address is not known" in objection(near)
    assert "its address is not known" in objection(None)
