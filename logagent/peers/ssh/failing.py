"""Why ssh made no connection, or lost one, in a sentence that says what to do."""

from __future__ import annotations

import signal

import httpcore

from logagent.core.escapes import in_line
from logagent.ssh_address import SshAddress

CONNECT_TIMEOUT = 4
"""Seconds that ssh has for TCP, its greeting and the exchange of keys: less than an agent's patience with a silent peer
(5 s), so that the host is named with ssh's own reason."""
LONGEST_TOLD = 300
"""Characters that are shown of what another program says."""
MOST_LINES = 3
"""Lines that are shown of it: the last ones say most."""

_SSH_FAILED, _NOT_FOUND, _NOT_RUN = 255, 127, 126
"""Exit codes of ssh's own failures, and of a shell that does not find, or may not run, a program."""


class SshBroken(httpcore.ReadError):
    """Ssh made no connection to an agent, or lost one; the message says why, and what to do."""


def why_ended(code: int | None, said: bytes, address: SshAddress) -> str:
    """Say why ssh has ended.

    Args:
        code: its exit code, below 0 the number of a signal; None: it has not ended, but sends nothing more.
        said: the end of what it, or the command, wrote to standard error.
        address: where it led.
    """
    words = shown(said).removeprefix("ssh: ")
    if code == _NOT_FOUND:
        return f"{words or 'command not found'}; install logagent there, or name the command: {_other_command(address)}"
    if code == _NOT_RUN:
        return f"{words or 'the command cannot be run'}; another command is named by {_other_command(address)}"
    if code is not None and code < 0:
        return f"ssh was ended by {_signal_named(-code)}{f': {words}' if words else ''}"
    if code == _SSH_FAILED:
        return _of_ssh(words, address)
    ended = "ended" if code is None else f"ended with {code}"
    return f"`{_first(address.remote_command)}` {ended} over there{f': {words}' if words else ' without a word'}"


def _of_ssh(words: str, address: SshAddress) -> str:
    if "timed out" in words:
        return f"ssh did not connect within {CONNECT_TIMEOUT} s: {words}"
    if "Host key verification failed" in words or "host key is known" in words:
        return f"ssh: {words}; `ssh {_typed(address)}` by hand says more, and learns a key that is new"
    if "Permission denied" in words:
        return f"ssh: {words}; `ssh -o BatchMode=yes {_typed(address)}` must let this user in without a question"
    return f"ssh: {words or 'it failed without a word'}"


def why_silent(said: bytes, address: SshAddress, seconds: float) -> str:
    """Say that an agent did not begin to speak in time."""
    words = shown(said)
    command = _first(address.remote_command)
    return f"`{command}` did not begin to speak within {seconds:g} s{f': {words}' if words else ''}"


def why_greeted(greeting: bytes) -> str:
    """Say that there comes text where HTTP/2 should begin."""
    text = next((line for line in greeting.decode("utf-8", "replace").splitlines() if line.strip()), "")
    return (
        f"prints text before it speaks HTTP/2: '{_cut(in_line(text.strip()))}'; the shell's start-up files must print "
        "nothing where the shell is not interactive"
    )


def shown(said: bytes) -> str:
    """Return the last lines of what a program said, as one line that is safe to show."""
    lines = [in_line(line.strip()) for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    text = "; ".join(lines[-MOST_LINES:])
    return text if len(text) <= LONGEST_TOLD else f"...{text[-LONGEST_TOLD:]}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}..."


def _other_command(address: SshAddress) -> str:
    return f"{address.shown}?command=/PATH/TO/logagent%20stdio"


def _typed(address: SshAddress) -> str:
    """Return the arguments by which a person would reach the host."""
    port = "" if address.port is None else f"-p {address.port} "
    return f"{port}{address.user}{'@' if address.user else ''}{address.host}"


def _first(command: str) -> str:
    return _cut(in_line(command))


def _signal_named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
