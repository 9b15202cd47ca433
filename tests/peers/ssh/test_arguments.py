"""The arguments of ssh."""

from __future__ import annotations

import pytest

from logagent.peers.ssh.arguments import OPTIONS, BadProgram, program_in, ssh_arguments
from logagent.ssh_address import read_ssh


def test_a_host_and_a_command_stand_behind_all_options() -> None:
    arguments = ssh_arguments(read_ssh("ssh://logs@10.0.0.5:2222?name=web-1"), {})
    assert arguments[0] == "ssh"
    assert arguments[-7:] == ["-p", "2222", "-l", "logs", "--", "10.0.0.5", "logagent stdio --name web-1"]


def test_what_ssh_knows_itself_is_left_to_it() -> None:
    arguments = ssh_arguments(read_ssh("ssh://web-1"), {})
    assert not {"-p", "-l", "-i", "-F"} & set(arguments)
    assert not {"ControlMaster", "StrictHostKeyChecking", "IdentityFile", "ProxyJump", "User"} & OPTIONS.keys()


@pytest.mark.parametrize(
    "option",
    ["BatchMode=yes", "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no"],
)
def test_nothing_is_asked_forwarded_or_run_here(option: str) -> None:
    arguments = ssh_arguments(read_ssh("ssh://web-1"), {})
    assert arguments[arguments.index(option) - 1] == "-o"
    assert "-T" in arguments


def test_a_named_program_and_its_options_come_first_so_that_they_count() -> None:
    environ = {"LOGAGENT_SSH": "/usr/local/bin/ssh -F '/home/a b/config'"}
    arguments = ssh_arguments(read_ssh("ssh://web-1"), environ)
    assert arguments[:3] == ["/usr/local/bin/ssh", "-F", "/home/a b/config"]


def test_a_command_is_one_argument_whatever_it_holds() -> None:
    assert ssh_arguments(read_ssh("ssh://web-1?command=a%20'b'%3B%20-c"), {})[-1] == "a 'b'; -c"


def test_a_program_that_cannot_be_read_is_told() -> None:
    with pytest.raises(BadProgram, match=r"LOGAGENT_SSH must be a program and options, .*No closing quotation"):
        program_in({"LOGAGENT_SSH": "ssh -F 'x"})


def test_an_empty_variable_is_none() -> None:
    assert program_in({"LOGAGENT_SSH": " "}) == ["ssh"]
