"""Who asks, and how users of machines are called."""

from __future__ import annotations

import pytest

from logagent.core.access.caller import ANONYMOUS, Caller, Proof, unix_name
from logagent.core.access.rules import Rule, Rules


def test_an_identity_says_how_it_was_proved() -> None:
    assert Caller(Proof.TOKEN, "alice").identity == "token:alice"
    assert ANONYMOUS.identity == "anonymous"


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("alice", "alice@web-1"),
        (1000, "#1000@web-1"),
        ("1000", "1000@web-1"),
        ("root@elsewhere", "root%40elsewhere@web-1"),
        ("CORP\\alice", "CORP\\alice@web-1"),
        ("a%40b", "a%2540b@web-1"),
        ("*", "%2A@web-1"),
        ("domain users", "domain%20users@web-1"),
    ],
)
def test_a_user_of_a_machine_has_one_name_that_no_other_has(user: str | int, name: str) -> None:
    assert unix_name(user, "web-1") == name


@pytest.mark.parametrize("user", ["root@elsewhere", "root@web-1", "ROOT", "xroot"])
def test_no_other_user_of_a_directory_is_taken_for_root(user: str) -> None:
    rules = Rules([Rule(allows=True, who=("unix:root@*",))])
    assert not rules.accepts(Caller(Proof.UNIX, unix_name(user, "web-1")), "web-1")
    assert rules.accepts(Caller(Proof.UNIX, unix_name("root", "web-1")), "web-1")
