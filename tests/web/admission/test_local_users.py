"""Whether a user of this machine is served."""

from __future__ import annotations

import grp
import math
import os
import pwd
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.local_rights import LocalRights
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.local_users import KEPT, PATIENCE, SILENT, Account, LocalUsers, account_of
from logagent.web.admission.proving import Unnamed

RIGHTS = LocalRights(own=998, users=frozenset({33}), groups=frozenset({4}), nameless=65534)


class Directory:
    """Says of some users in which groups they are, and counts how often it is asked."""

    def __init__(self, **groups: set[int]) -> None:
        self.groups = {int(user.removeprefix("u")): Account(user, frozenset(of)) for user, of in groups.items()}
        self.asked = 0

    async def __call__(self, user: int) -> Account:
        self.asked += 1
        return self.groups.get(user, Account("", frozenset()))


async def test_who_is_named_is_served_without_asking_the_directory() -> None:
    directory = Directory()
    users = LocalUsers(RIGHTS, directory)
    assert [await users.objection(LocalClient(user)) for user in (0, 998, 33)] == ["", "", ""]
    assert directory.asked == 0


async def test_a_member_of_a_group_is_served() -> None:
    users = LocalUsers(RIGHTS, Directory(u1000={1000, 4}))
    assert await users.objection(LocalClient(1000)) == ""


async def test_a_stranger_is_told_which_setting_would_allow_him() -> None:
    users = LocalUsers(RIGHTS, Directory(u1000={1000}))
    said = await users.objection(LocalClient(1000))
    assert "user u1000 may not ask" in said
    assert "--local-users u1000" in said


async def test_a_user_without_a_name_is_called_by_his_number() -> None:
    assert "--local-users 4711" in await LocalUsers(RIGHTS, Directory()).objection(LocalClient(4711))


async def test_who_is_not_known_or_stands_for_many_is_refused() -> None:
    users = LocalUsers(RIGHTS, Directory(u65534={4}))
    for client in (LocalClient(None), LocalClient(65534)):
        assert "trust_loopback" in await users.objection(client)


async def test_the_directory_is_asked_once_in_a_while(autojump_clock: MockClock) -> None:
    directory = Directory(u1000={4})
    users = LocalUsers(RIGHTS, directory)
    await users.objection(LocalClient(1000))
    await users.objection(LocalClient(1000))
    assert directory.asked == 1
    directory.groups.clear()
    autojump_clock.jump(KEPT)
    assert await users.objection(LocalClient(1000))


async def test_a_directory_that_hangs_refuses(autojump_clock: MockClock) -> None:
    answers = [math.inf, 0]

    async def hang(user: int) -> Account:
        await trio.sleep(answers.pop(0))
        return Account("", frozenset({4}))

    users = LocalUsers(RIGHTS, hang)
    assert await users.objection(LocalClient(1000))
    assert await users.objection(LocalClient(1000)) == ""


def of(client: LocalClient | None) -> dict[str, Any]:
    return {"state": {STATE: client}}


class Named(Directory):
    """Says of every user that he is a member of `staff`."""

    async def __call__(self, user: int) -> Account:
        self.asked += 1
        return Account(f"u{user}", frozenset({4}), frozenset({"staff"}))


async def test_every_user_of_this_machine_has_a_name_its_host_and_groups() -> None:
    users = LocalUsers(RIGHTS, Named(), host="web-1")
    for number in (0, 998, 33, 1000):
        caller = await users.prove(of(LocalClient(number)))
        assert caller == Caller(Proof.UNIX, f"u{number}@web-1", frozenset({"staff"}))


async def test_a_user_whom_the_directory_does_not_know_is_called_by_his_number() -> None:
    caller = await LocalUsers(RIGHTS, Directory(), host="web-1").prove(of(LocalClient(4711)))
    assert caller == Caller(Proof.UNIX, "#4711@web-1")


async def test_a_client_of_another_machine_is_no_user_of_this_one() -> None:
    users = LocalUsers(RIGHTS, Named(), host="web-1")
    assert await users.prove(of(None)) is None
    assert await users.prove({}) is None


@pytest.mark.parametrize("number", [None, 65534])
async def test_who_is_not_known_or_stands_for_many_has_no_name(number: int | None) -> None:
    with pytest.raises(Unnamed, match="a token or a client certificate"):
        await LocalUsers(RIGHTS, Named(), host="web-1").prove(of(LocalClient(number)))
    assert await LocalUsers(RIGHTS, Named(), host="web-1", trusting=True).prove(of(LocalClient(number))) is None


async def test_who_somebody_is_and_whether_he_is_served_is_asked_once() -> None:
    directory = Named()
    users = LocalUsers(RIGHTS, directory, host="web-1")
    await users.prove(of(LocalClient(1000)))
    assert await users.objection(LocalClient(1000)) == ""
    assert directory.asked == 1


async def test_a_directory_that_hangs_is_not_asked_each_time_who_somebody_is(autojump_clock: MockClock) -> None:
    asked = []

    async def hang(user: int) -> Account:
        asked.append(user)
        await trio.sleep_forever()

    users = LocalUsers(RIGHTS, hang, host="web-1")
    for _ in range(2):
        with pytest.raises(Unnamed) as told:
            await users.prove(of(LocalClient(1000)))
        assert told.value.status == 503
    assert asked == [1000]
    assert trio.current_time() == PATIENCE
    autojump_clock.jump(SILENT)
    with pytest.raises(Unnamed):
        await users.prove(of(LocalClient(1000)))
    assert asked == [1000, 1000]


async def test_this_machine_knows_its_own_users_and_no_others() -> None:
    own = await account_of(os.getuid())
    assert own.name == pwd.getpwuid(os.getuid()).pw_name
    assert pwd.getpwuid(os.getuid()).pw_gid in own.groups
    assert grp.getgrgid(pwd.getpwuid(os.getuid()).pw_gid).gr_name in own.group_names
    assert await account_of(4_000_000_000) == Account("", frozenset())
