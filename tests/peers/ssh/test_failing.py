"""Why ssh made no connection, in words."""

from __future__ import annotations

import pytest

from logagent.peers.ssh.failing import why_ended, why_greeted, why_silent
from logagent.ssh_address import SshAddress

WEB = SshAddress("web-1", "logs", 2222)


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (255, b"logs@web-1: Permission denied (publickey).\n",
         "ssh: logs@web-1: Permission denied (publickey).; `ssh -o BatchMode=yes -p 2222 logs@web-1` must let this "
         "user in without a question"),
        (255, b"Host key verification failed.\n",
         "ssh: Host key verification failed.; `ssh -p 2222 logs@web-1` by hand says more, and learns a key that is "
         "new"),
        (255, b"Connection timed out during banner exchange\n",
         "ssh did not connect within 4 s: Connection timed out during banner exchange"),
        (255, b"ssh: connect to host web-1 port 2222: Connection refused\n",
         "ssh: connect to host web-1 port 2222: Connection refused"),
        (255, b"", "ssh: it failed without a word"),
        (127, b"bash: line 1: logagent: command not found\n",
         "bash: line 1: logagent: command not found; install logagent there, or name the command: "
         "ssh://logs@web-1:2222?command=/PATH/TO/logagent%20stdio"),
        (126, b"", "the command cannot be run; another command is named by "
         "ssh://logs@web-1:2222?command=/PATH/TO/logagent%20stdio"),
        (2, b"logagent: name: must be a host name\n",
         "`logagent stdio --name web-1` ended with 2 over there: logagent: name: must be a host name"),
        (0, b"", "`logagent stdio --name web-1` ended with 0 over there without a word"),
        (None, b"", "`logagent stdio --name web-1` ended over there without a word"),
        (-9, b"", "ssh was ended by SIGKILL"),
        (-15, b"so\n", "ssh was ended by SIGTERM: so"),
        (-99, b"", "ssh was ended by signal 99"),
    ],
)  # fmt: skip
def test_the_end_of_ssh_is_told_with_what_to_do(code: int | None, said: bytes, told: str) -> None:
    assert why_ended(code, said, WEB) == told


def test_what_other_programs_say_is_escaped_cut_and_of_its_last_lines() -> None:
    said = b"\x1b[31mone\ntwo\n\nthree\r\nfour \xff\n"
    assert why_ended(255, said, WEB) == "ssh: two; three; four \ufffd"
    assert why_ended(255, b"\x1b[2J\xe2\x80\xae", WEB) == "ssh: \\x1b[2J\\u202e"
    assert len(why_ended(255, b"x" * 5000, WEB)) == len("ssh: ") + 300 + len("...")


def test_ssh_does_not_say_its_name_twice() -> None:
    assert why_ended(255, b"ssh: Could not resolve hostname web-1: Name or service not known\n", WEB) == (
        "ssh: Could not resolve hostname web-1: Name or service not known"
    )


def test_a_greeting_is_named_by_its_first_line_that_says_something() -> None:
    assert why_greeted(b"\n  Welcome to \x1bweb-1\nMore\n").startswith(
        "prints text before it speaks HTTP/2: 'Welcome to \\x1bweb-1'; the shell's start-up files must print nothing"
    )


def test_an_agent_that_does_not_begin_is_told_with_what_is_said_meanwhile() -> None:
    assert why_silent(b"slow\n", WEB, 30.0) == "`logagent stdio --name web-1` did not begin to speak within 30 s: slow"
