"""Which users of its machine an agent serves."""

from __future__ import annotations

import pytest

from logagent.core.access.local_rights import LocalRights

RIGHTS = LocalRights(own=998, users=frozenset({33}), groups=frozenset({4}), nameless=65534)


@pytest.mark.parametrize(("user", "served"), [(0, True), (998, True), (33, True), (1000, False), (65534, False)])
def test_root_the_agents_own_user_and_those_who_are_named_are_served(user: int, served: bool) -> None:
    assert RIGHTS.serves_user(user) is served


@pytest.mark.parametrize(("groups", "served"), [({100, 4}, True), ({100}, False), (set[int](), False)])
def test_members_of_its_groups_are_served(groups: set[int], served: bool) -> None:
    assert RIGHTS.serves_member(1000, groups) is served


def test_the_number_that_stands_for_many_is_never_served() -> None:
    rights = LocalRights(own=65534, users=frozenset({65534}), groups=frozenset({4}), nameless=65534)
    assert not rights.serves_user(65534)
    assert not rights.serves_member(65534, {4})
