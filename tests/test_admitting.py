"""Who may ask an agent, made from its settings."""

from __future__ import annotations

import os

import pytest

from logagent.admitting import local_rights, supplementary_groups
from logagent.config import accounts
from logagent.config.settings import Settings


def test_its_own_user_and_those_of_its_settings_are_served() -> None:
    rights = local_rights(Settings(name="web-1", local_users=(33,), local_groups=(4,)))
    assert (rights.own, rights.users, rights.groups) == (os.geteuid(), {33}, {4})
    assert rights.nameless == accounts.nameless_user()


def test_an_agent_that_runs_as_the_user_who_stands_for_many_is_warned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "geteuid", accounts.nameless_user)
    local_rights(Settings(name="web-1"))
    assert "run this agent as another one" in caplog.text


def test_without_a_setting_its_supplementary_groups_count() -> None:
    assert local_rights(Settings(name="web-1")).groups == supplementary_groups()


def test_an_empty_setting_means_no_group() -> None:
    assert local_rights(Settings(name="web-1", local_groups=())).groups == frozenset()


def test_its_own_group_and_those_that_hold_everybody_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {100: "users", 44: "video", 65534: "nogroup", 4: "adm", 999: "logagent"}
    monkeypatch.setattr(accounts, "_name_of", lambda group: names[group])
    monkeypatch.setattr(os, "getgroups", lambda: list(names))
    monkeypatch.setattr(os, "getegid", lambda: 999)
    assert supplementary_groups() == {4}
