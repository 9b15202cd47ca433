"""The users and groups of this machine, as settings name them."""

from __future__ import annotations

import grp
import pwd

import pytest

from logagent.config import accounts

SOMEBODY = pwd.getpwuid(1)
SOME_GROUP = grp.getgrgid(1)


def test_users_and_groups_are_read_by_name_or_number() -> None:
    assert accounts.users(f"root, {SOMEBODY.pw_name},4711") == (0, 1, 4711)
    assert accounts.groups(f"{SOME_GROUP.gr_name},4711") == (1, 4711)


def test_an_empty_text_names_nobody() -> None:
    assert accounts.users("") == accounts.groups("") == ()


@pytest.mark.parametrize("text", ["no-such-user", "-1", "www-data,no-such-user", "12345678901"])
def test_who_is_no_user_here_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no user of this machine"):
        accounts.users(text)


def test_a_group_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no group of this machine"):
        accounts.groups("no-such-group")


def test_the_user_who_stands_for_many_cannot_be_named() -> None:
    with pytest.raises(ValueError, match="as a user of its own"):
        accounts.users(str(accounts.nameless_user()))


@pytest.mark.parametrize("name", ["users", "nogroup"])
def test_a_group_that_holds_everybody_cannot_be_named(name: str) -> None:
    if name not in {each.gr_name for each in grp.getgrall()}:
        pytest.skip(f"this machine has no group {name}")
    with pytest.raises(ValueError, match="says nothing of its members"):
        accounts.groups(name)
    assert accounts.is_everybodys(grp.getgrnam(name).gr_gid)


def test_groups_for_devices_are_known_by_name() -> None:
    assert not accounts.is_of_devices(0)
    assert not accounts.is_of_devices(4_000_000_000)
    devices = {each.gr_name: each.gr_gid for each in grp.getgrall() if each.gr_name in accounts.DEVICE_GROUPS}
    assert all(map(accounts.is_of_devices, devices.values()))
