"""The command `certs`, as people type it; that of `init` and `host` is tried in `test_cli.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from logagent.terminal.verdicts import FAILED, FOUND, NOTHING
from testbed.console import Console


@pytest.fixture
def directory(tmp_path: Path) -> str:
    Console().run("certs", "init", str(tmp_path))
    return str(tmp_path)


def test_a_persons_certificate_is_made_listed_and_revoked(console: Console, directory: str) -> None:
    assert (
        console.run("certs", "client", "alice", directory, "--group", "ops", "--group", "dba", "--days", "9") == FOUND
    )
    assert console.data.splitlines() == [f"{directory}/alice.pem", f"{directory}/alice-key.pem"]
    console = Console()
    assert console.run("certs", "list", directory) == FOUND
    header, row = console.data.splitlines()
    assert header.split() == ["NAME", "KIND", "GROUPS", "ENDS", "STATE", "SHA-256"]
    assert re.fullmatch(r"alice  person  dba,ops  \d{4}-\d\d-\d\d \d\d:\d\d UTC  valid  [0-9a-f]{64}", row)
    console = Console()
    assert console.run("certs", "revoke", "alice", directory) == FOUND
    assert console.data == f"{directory}/crl.pem\n"
    revoked, remedy = console.talk.splitlines()
    assert re.fullmatch(r"logagent: revoked: alice \(person\), until .* UTC, SHA-256 [0-9a-f]{64}", revoked)
    assert remedy.startswith("logagent: each agent needs the new crl.pem: copy it")
    console = Console()
    console.run("certs", "list", directory, "--json")
    [listed] = json.loads(console.data)["certificates"]
    assert (listed["name"], listed["state"], listed["groups"]) == ("alice", "revoked", ["dba", "ops"])


def test_what_was_revoked_before_is_told_to_be(console: Console, directory: str) -> None:
    console.run("certs", "client", "alice", directory)
    console.run("certs", "revoke", "alice", directory)
    console = Console()
    assert console.run("certs", "revoke", "alice", directory) == FOUND
    assert console.talk.startswith("logagent: all that is meant was revoked before\n")


def test_an_authority_that_has_signed_nothing_has_nothing_to_list(console: Console, directory: str) -> None:
    assert (console.run("certs", "list", directory), console.data) == (NOTHING, "")


@pytest.mark.parametrize("act", [("client", "a/b"), ("revoke", "nobody"), ("client", "ca")])
def test_what_hinders_an_act_is_told_in_a_line(console: Console, directory: str, act: tuple[str, str]) -> None:
    assert console.run("certs", *act, directory) == FAILED
    assert console.talk.startswith(f"logagent: certs {act[0]}: ")
    assert console.talk.count("\n") == 1
