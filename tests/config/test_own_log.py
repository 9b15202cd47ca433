"""The settings of the agent's own log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.config import own_log
from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings


def loaded(root: Path, **flags: list[str]) -> Settings:
    return load({"root": [str(root)], **flags}, {}, host="web-1", file=None)


@pytest.mark.parametrize(
    "text",
    ["auto", "none", "files", "stderr", "journald", "syslog", "syslog:/dev/log", "syslog:a.b:514", "syslog:[::1]:514"],
)
def test_targets_are_read(text: str) -> None:
    assert own_log.target(text) == text


@pytest.mark.parametrize(
    "text", ["", "file", "syslog:", "syslog:a", "syslog:a:0", "syslog:a:99999", "syslog:https://a:1", "files:/x"]
)
def test_other_targets_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be auto, none, files"):
        own_log.target(text)


@pytest.mark.parametrize("flags", [["files,journald"], ["files, journald"], ["files", "journald,files"]])
def test_several_targets_may_be_given_at_once(tmp_path: Path, flags: list[str]) -> None:
    read = loaded(tmp_path, log_to=flags, log_directory=[str(tmp_path / "new")])
    assert read.log_to == ("files", "journald")


@pytest.mark.parametrize("flags", [["files,none"], ["files,"], ["files,journal"]])
def test_of_several_targets_each_must_be_one(tmp_path: Path, flags: list[str]) -> None:
    with pytest.raises(ConfigError, match="--log-to: "):
        loaded(tmp_path, log_to=flags)


def test_where_a_daemon_is() -> None:
    assert own_log.host_and_port("[::1]:514") == ("::1", 514)
    assert own_log.host_and_port("logs.internal:514") == ("logs.internal", 514)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("info", ("logagent", 20)),
        ("logagent.peers=debug", ("logagent.peers", 10)),
        ("logagent=error", ("logagent", 40)),
    ],
)
def test_levels_are_read(text: str, read: tuple[str, int]) -> None:
    assert own_log.level(text) == read


@pytest.mark.parametrize("text", ["", "loud", "peers=debug", "logagent.peers", "logagent.peers=", "logagentx=info"])
def test_other_levels_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be one of debug, info, warning"):
        own_log.level(text)


def test_several_levels_hold_beside_each_other(tmp_path: Path) -> None:
    read = loaded(tmp_path, log_level=["error", "logagent.peers=debug"])
    assert read.log_level == {"logagent": 40, "logagent.peers": 10}


def test_the_usual_directory_is_one_below_a_root_that_no_others_may_change(tmp_path: Path) -> None:
    assert loaded(tmp_path).log_directory is None
    directory = tmp_path / "logagent"
    directory.mkdir()
    assert loaded(tmp_path).log_directory == directory
    directory.chmod(0o777)
    assert loaded(tmp_path).log_directory is None
    directory.chmod(0o755)
    directory.rename(tmp_path / "other")
    directory.symlink_to(tmp_path / "other")
    assert loaded(tmp_path).log_directory is None


def test_a_directory_that_the_agent_may_not_write_to_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logagent").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert own_log.usual_directory([tmp_path]) is None


def test_a_directory_of_another_user_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logagent").mkdir()
    (tmp_path / "logagent").chmod(0o755)
    owner = (tmp_path / "logagent").stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    expected = tmp_path / "logagent" if owner == 0 else None
    assert own_log.usual_directory([tmp_path]) == expected


def test_why_a_directory_is_passed_over_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "logagent"
    assert own_log.warnings(("auto",), None, [tmp_path]) == ()
    directory.mkdir()
    directory.chmod(0o777)
    told = f"{directory} is not used: everybody may write to it"
    [warning] = own_log.warnings(("auto",), None, [tmp_path])
    assert warning == f"log_to: the agent's own log stands on standard error alone: {told}"
    with pytest.raises(
        ConfigError, match=f"files need a directory: give log_directory; {directory} is not used: every"
    ):
        loaded(tmp_path, log_to=["files"])
    assert own_log.warnings(("stderr",), None, [tmp_path]) == ()
    directory.chmod(0o755)
    assert own_log.warnings(("auto",), directory, [tmp_path]) == ()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert own_log.passed_over([tmp_path]).endswith("the agent's user may not write to it")
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    if directory.stat().st_uid:
        assert own_log.passed_over([tmp_path]).endswith("it belongs neither to the agent's user nor to root")
    directory.rmdir()
    directory.symlink_to(tmp_path / "nowhere")
    assert own_log.passed_over([tmp_path]).endswith("it is no directory itself")


def test_a_directory_that_is_given_need_not_be_there(tmp_path: Path) -> None:
    read = loaded(tmp_path, log_directory=[str(tmp_path / "new")], log_to=["files"])
    assert (read.log_directory, read.log_to) == (tmp_path / "new", ("files",))


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ({"log_to": ["auto", "files"]}, "--log-to: auto stands alone, without files"),
        ({"log_to": ["files", "none"]}, "--log-to: none stands alone, without files"),
        ({"log_to": ["files"]}, "--log-to: files need a directory: give log_directory"),
        ({"log_to": ["stderr"], "log_directory": ["x"]}, "--log-directory: is of no use with log_to stderr: add files"),
        ({"log_keep": ["0"]}, "--log-keep: must be a whole number from 1"),
        ({"log_max_bytes": ["none"]}, "--log-max-bytes: must be a number of bytes above 0"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, flags: dict[str, list[str]], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        loaded(tmp_path, **flags)


def test_a_directory_below_no_root_is_told(tmp_path: Path) -> None:
    assert own_log.not_served(tmp_path / "root/x", [tmp_path / "root"]) == ""
    assert own_log.not_served(None, [tmp_path]) == ""
    assert "lies below no root" in own_log.not_served(tmp_path / "other", [tmp_path / "root"])
