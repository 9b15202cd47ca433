"""The arguments of ssh: a list, and never a line for a shell of this machine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from logagent.peers.ssh.failing import CONNECT_TIMEOUT
from logagent.ssh_address import SshAddress

PROGRAM = "LOGAGENT_SSH"
"""The variable that names another program than `ssh`, and options for it, split as a shell splits words. They come
first, so that they count before those here."""

OPTIONS = {
    "BatchMode": "yes",  # nobody waits for a password
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "ClearAllForwardings": "yes",
    "Tunnel": "no",
    "PermitLocalCommand": "no",  # it would print into the connection
    "RemoteCommand": "none",  # one from ssh's settings, beside which no other is taken
    "LogLevel": "ERROR",  # no greetings before the reason of a failure
    "ConnectTimeout": str(CONNECT_TIMEOUT),
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "3",
}
"""What must not hang on anybody's settings of ssh. Keys, agents, jump hosts, host keys and shared connections do."""


class BadProgram(ValueError):
    """The variable names no program; the message says what would be right."""


def ssh_arguments(address: SshAddress, environ: Mapping[str, str]) -> list[str]:
    """Return the program and its arguments that lead to an agent.

    Raises:
        BadProgram: if the variable cannot be read.
    """
    program = program_in(environ)
    options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
    port = [] if address.port is None else ["-p", str(address.port)]
    user = ["-l", address.user] if address.user else []
    # Without a terminal, and without characters that mean something to ssh.
    return [*program, "-T", "-e", "none", *options, *port, *user, "--", address.host, address.remote_command]


def program_in(environ: Mapping[str, str]) -> list[str]:
    """Return the program and the options that the environment names; raise `BadProgram` if it cannot be read."""
    try:
        words = shlex.split(environ.get(PROGRAM, ""))
    except ValueError as error:
        told = (
            f"{PROGRAM} must be a program and options, such as `ssh -F ~/.ssh/other`, with each quotation mark closed"
        )
        raise BadProgram(f"{told}: {error}") from None
    return words or ["ssh"]
