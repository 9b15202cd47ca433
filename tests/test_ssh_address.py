"""The addresses of agents that ssh starts: what is taken, what is refused, and that no part can become an option."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.ssh_address import SshAddress, is_ssh, named, read_ssh


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("ssh://web-1", SshAddress("web-1")),
        ("ssh://Web-1/", SshAddress("Web-1")),
        ("ssh://logs@10.0.0.2:2222", SshAddress("10.0.0.2", "logs", 2222)),
        ("ssh://[2001:db8::2]:22", SshAddress("2001:db8::2", port=22)),
        ("ssh://web-1?command=/opt/a%20--root%20%27/a%20b%27", SshAddress("web-1", command="/opt/a --root '/a b'")),
        ("ssh://web-1/?command=a%26%26b%23&name=db-2", SshAddress("web-1", command="a&&b#", name="db-2")),
        ("ssh://web-1?command=a=b+c", SshAddress("web-1", command="a=b+c")),
    ],
)  # fmt: skip
def test_parts_are_read(url: str, address: SshAddress) -> None:
    assert is_ssh(url)
    assert read_ssh(url) == address


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("ssh://", "HOST: letters"),
        ("ssh:web-1", "must be ssh://"),
        ("ssh://-oProxyCommand=x", "HOST: letters"),
        ("ssh://web-1.$(id)", "HOST: letters"),
        ("ssh://web 1", "HOST: letters"),
        ("ssh://web-1\n", "must be ssh://"),
        ("ssh://wéb", "HOST: letters"),
        ("ssh://[::1", "must be ssh://"),
        ("ssh://[web-1]", "in brackets stands an IPv6 address"),
        ("ssh://[fe80::1%eth0]", "IPv6"),
        ("ssh://-lroot@web-1", "USER: letters"),
        ("ssh://;id@web-1", "USER: letters"),
        ("ssh://@web-1", "USER: letters"),
        ("ssh://alice:secret@web-1", "without a password"),
        ("ssh://web-1:0", "PORT: from 1 to 65535"),
        ("ssh://web-1:65536", "PORT"),
        ("ssh://web-1:ssh", "PORT"),
        ("ssh://web-1:", "PORT"),
        ("ssh://web-1/var/log", r"only \?command="),
        ("ssh://web-1#x", r"only \?command="),
        ("ssh://web-1?command=a#b", "%23 for #"),
        ("ssh://web-1?comand=a", r"once \?command="),
        ("ssh://web-1?command=a&command=b", r"once \?command="),
        ("ssh://web-1?command", r"once \?command="),
        ("ssh://web-1?command=", "one line that a shell runs"),
        ("ssh://web-1?command=%20", "one line that a shell runs"),
        ("ssh://web-1?command=-x", "one line that a shell runs"),
        ("ssh://web-1?command=a%0ab", "one line that a shell runs"),
        ("ssh://web-1?command=a%1bb", "one line that a shell runs"),
        ("ssh://web-1?command=%ff", "must be UTF-8"),
        (f"ssh://web-1?command={'a' * 2001}", "at most 2000 characters"),
        ("ssh://web-1?name=-x", "name must be a host name"),
        ("ssh://web-1?name=%24(id)", "name must be a host name"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(url: str, right: str) -> None:
    with pytest.raises(ValueError, match=right):
        read_ssh(url)


@pytest.mark.parametrize(
    ("url", "runs"),
    [
        ("ssh://web-1", "logagent stdio --name web-1"),
        ("ssh://10.0.0.5?name=web-1", "logagent stdio --name web-1"),
        ("ssh://[::1]", "logagent stdio"),
        ("ssh://web-1?command=/opt/agent", "/opt/agent"),
    ],
)
def test_the_agent_is_told_to_go_by_its_name_unless_a_command_is_named(url: str, runs: str) -> None:
    assert read_ssh(url).remote_command == runs


@pytest.mark.parametrize(
    ("url", "after"),
    [
        ("ssh://10.0.0.5", "ssh://10.0.0.5?name=web-1"),
        ("ssh://10.0.0.5/", "ssh://10.0.0.5?name=web-1"),
        ("ssh://web-1", "ssh://web-1"),
        ("ssh://10.0.0.5?command=a", "ssh://10.0.0.5?command=a"),
    ],
)
def test_a_name_of_a_peer_goes_with_its_address(url: str, after: str) -> None:
    assert named(url, "web-1") == after


@given(st.text(max_size=60), st.sampled_from(["ssh://", "ssh://a@", "ssh://a:", "ssh://a?command=", "ssh://[", ""]))
def test_whatever_is_taken_is_no_option_and_holds_nothing_that_a_shell_or_ssh_expands(text: str, before: str) -> None:
    try:
        address = read_ssh(before + text)
    except ValueError:
        return
    plain = frozenset(string.ascii_letters + string.digits + "._-:")
    assert address.host
    for part in (address.host, address.user, address.name):
        assert set(part) <= plain
        assert not part.startswith("-")
    assert not address.remote_command.startswith("-")
    assert address.remote_command.isprintable()
    if not address.command:
        assert set(address.remote_command) <= plain | {" "}


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)),
    st.one_of(st.none(), st.integers(1, 65535)),
)
def test_what_is_shown_of_an_address_reads_as_the_same_one(host: str, user: str, port: int | None) -> None:
    address = SshAddress(host, user, port)
    assert read_ssh(address.shown) == address
