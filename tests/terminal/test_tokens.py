"""The command `token`."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from logagent.core.access.tokens import check_form, digest_of
from logagent.terminal import address, tokens
from logagent.terminal.setup_arguments import TokenArguments
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING
from logagent.token_file import change, read
from testbed.console import Console, typed

NOW = 1_800_000_000


class Shell:
    """Runs `token` on one file, at any time."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.now = NOW

    def run(self, *argv: str, code: int = FOUND) -> Console:
        console = Console()
        arguments = typed(TokenArguments, "token", *argv, "--tokens", str(self.file))
        assert tokens.run(arguments, {}, console.streams, now=self.now) == code
        return console

    def listed(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(self.run("list", "--json").data)["tokens"]
        return told


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "tokens")


def test_a_new_token_is_printed_once_and_kept_by_its_digest(shell: Shell) -> None:
    made = shell.run("new", "web-ci", "--group", "web", "--group", "build", "--expires", "90d")
    token = made.data.removesuffix("\n")
    check_form(token)
    (entry,) = read(shell.file)
    assert (entry.name, entry.groups, entry.sha256) == ("web-ci", ("build", "web"), digest_of(token))
    assert (entry.created, entry.expires) == (NOW, NOW + 90 * 86400)
    assert token not in made.talk + shell.file.read_text()
    assert f"token web-ci ({entry.fingerprint}), in build, web, until 2027-04-15T08:00:00Z; it is printed" in made.talk


def test_no_two_tokens_are_alike(shell: Shell) -> None:
    assert shell.run("new", "web-ci").data != shell.run("new", "web-ci").data


def test_a_second_token_of_a_name_is_in_the_groups_of_the_first(shell: Shell) -> None:
    shell.run("new", "web-ci", "--group", "web")
    shell.run("new", "web-ci")
    shell.run("new", "web-ci", "--group", "build")
    shell.run("new", "other")
    assert [entry.groups for entry in read(shell.file)] == [("web",), ("web",), ("build",), ()]


def test_tokens_are_listed_by_what_is_no_secret(shell: Shell) -> None:
    shell.run("new", "web-ci", "--group", "web", "--expires", "1h")
    shell.run("new", "alice")
    first, second = (entry.fingerprint for entry in read(shell.file))
    shell.now += 3600
    shell.run("revoke", "alice")
    assert shell.run("list").data.splitlines() == [
        "NAME    FINGERPRINT   GROUPS  CREATED               ENDS                  STATE",
        f"web-ci  {first}  web     2027-01-15T08:00:00Z  2027-01-15T09:00:00Z  ended 2027-01-15T09:00:00Z",
        f"alice   {second}  -       2027-01-15T08:00:00Z  -                     revoked 2027-01-15T09:00:00Z",
    ]
    assert [(each["name"], each["valid"], each["revoked"]) for each in shell.listed()] == [
        ("web-ci", False, None),
        ("alice", False, "2027-01-15T09:00:00Z"),
    ]
    assert not any(entry.sha256 in shell.run("list", "--json").data for entry in read(shell.file))


def test_a_name_or_one_token_is_revoked(shell: Shell) -> None:
    for name in ("web-ci", "web-ci", "alice", "alice"):
        shell.run("new", name)
    told = shell.run("revoke", "web-ci").talk.splitlines()
    assert [line.startswith("logagent: revoked token web-ci (") for line in told] == [True, True]
    shell.run("revoke", read(shell.file)[2].fingerprint)
    assert [each["valid"] for each in shell.listed()] == [False, False, False, True]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("revoke", "bob"), "token revoke: {file} has no token bob; it has those of alice"),
        (("revoke", "gone"), "token revoke: gone is over already: revoked 20"),
        (("new", "a b"), "NAME: must be letters"),
        (("new", "token:a"), "NAME: must be letters"),
        (("new", "a", "--group", "x y"), "--group: must be letters"),
        (("new", "a", "--expires", "soon"), "--expires: must be a span such as 12h, 90d or 52w"),
        (("new", "a", "--expires", "0d"), "--expires: must be a span"),
        (("new", "a", "--expires", "99999999d"), "of a hundred years at most"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    shell: Shell, console: Console, argv: tuple[str, ...], said: str
) -> None:
    for name in ("alice", "gone"):
        shell.run("new", name)
    shell.run("revoke", "gone")
    before = shell.file.read_text()
    assert console.run("token", *argv, "--tokens", str(shell.file)) == FAILED
    assert said.format(file=shell.file) in console.talk
    assert shell.file.read_text() == before


def test_a_token_that_is_over_is_forgotten_after_a_while(shell: Shell) -> None:
    shell.run("new", "gone")
    shell.run("new", "ended", "--expires", "1d")
    shell.run("new", "stays")
    shell.run("revoke", "gone")
    shell.now += tokens.KEPT
    shell.run("new", "new")
    assert [entry.name for entry in read(shell.file)] == ["ended", "stays", "new"]


def test_a_token_that_cannot_be_printed_is_not_valid(shell: Shell) -> None:
    class Fails:
        def write(self, data: bytes | memoryview, /) -> int:
            raise OSError(28, "No space left on device")

        def fileno(self) -> int:
            return -1

        def isatty(self) -> bool:
            return False

    arguments = typed(TokenArguments, "token", "new", "web-ci", "--tokens", str(shell.file))
    with pytest.raises(OSError, match="standard output"):
        tokens.run(arguments, {}, Streams(Fails(), Console().stderr), now=NOW)
    assert read(shell.file) == ()


def test_commands_at_the_same_time_lose_nothing(shell: Shell) -> None:
    def make(name: str) -> None:
        for _ in range(5):
            shell.run("new", name)

    running = [threading.Thread(target=make, args=(f"name-{place}",)) for place in range(8)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    names = sorted(entry.name for entry in read(shell.file))
    assert names == sorted(f"name-{place}" for place in range(8) for _ in range(5))


def test_the_file_is_that_of_this_hosts_settings(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "logagent.toml"
    config.write_text('tokens = "secrets/tokens"\n')
    assert console.run("token", "new", "a", environ={"LOGAGENT_CONFIG": str(config)}) == FOUND
    assert [entry.name for entry in read(tmp_path / "secrets" / "tokens")] == ["a"]
    monkeypatch.setattr(address, "CONFIG", str(config))
    assert console.run("token", "new", "b") == FOUND
    assert console.run("token", "new", "c", environ={"LOGAGENT_TOKENS": str(tmp_path / "other")}) == FOUND
    assert [entry.name for entry in read(tmp_path / "secrets" / "tokens")] == ["a", "b"]
    assert "an agent reads that file" not in console.talk
    monkeypatch.setattr(address, "CONFIG", "/no/such")
    monkeypatch.setattr(tokens, "USUAL", str(tmp_path / "usual"))
    assert console.run("token", "new", "d") == FOUND
    assert f'an agent reads that file if its settings say so: tokens = "{tmp_path}/usual"' in console.talk


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, console: Console) -> None:
    file = tmp_path / "tokens"
    file.write_text("{")
    assert console.run("token", "list", "--tokens", str(file)) == FAILED
    assert f"logagent: --tokens: {file}: is not JSON" in console.talk
    assert console.run("token", "new", "a", "--tokens", str(tmp_path / "no" / "such" / "tokens")) == FAILED
    assert "cannot be written: there is no" in console.talk
    change(tmp_path / "open", lambda entries: entries)
    (tmp_path / "open").chmod(0o666)
    assert console.run("token", "new", "a", "--tokens", str(tmp_path / "open")) == FAILED
    assert "others can write" in console.talk


def test_no_tokens_are_told_as_such(tmp_path: Path, console: Console) -> None:
    assert console.run("token", "list", "--tokens", str(tmp_path / "tokens")) == NOTHING
    assert "there are no tokens in" in console.talk
