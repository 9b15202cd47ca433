"""The command `access check`: which hosts have other rules, and how its findings are told."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from logagent.core.access.rule_faults import KnownFacts
from logagent.core.access.rules import NO_RULES, Rule, Rules
from logagent.peers.direct.wires import Secure
from logagent.terminal.access_check import AskedHosts, HostRules, check, read_health, rules_of_agent
from testbed.console import Console
from testbed.one_server import says, serving

RULES = Rules([Rule(True, ("*",), place="rule 1")])
SAME = HostRules(RULES.digest, "0.1.0")
ASKED = AskedHosts(RULES, "/etc/logagent.toml", "http://127.0.0.1:8000", {"db-1": "https://db-1:8443"}, None, 5.0)
KNOWN = KnownFacts("web-1", {"web-1", "db-1"}, ("log",), None, "", False, (), lambda name: False)


def checked(answers: Mapping[str, HostRules], asked: AskedHosts = ASKED) -> tuple[int, str]:
    """The exit code, and what is printed, if agents answer so by the names in their URLs."""
    console = Console()

    def ask(url: str, secure: Secure | None, timeout: float) -> HostRules:
        return next((answer for name, answer in answers.items() if name in url), SAME)

    return check(asked, KNOWN, console.streams, ask), console.data


def test_hosts_of_the_same_rules_are_well() -> None:
    assert checked({}) == (0, "1 rule, the same on web-1, db-1; nothing is wrong\n")


@pytest.mark.parametrize(
    ("answers", "code", "told"),
    [
        ({"db-1": HostRules("12345678", "0.1.0")}, 1, "db-1: has other rules than web-1\n"),
        ({"db-1": HostRules(NO_RULES, "0.1.0")}, 1, "db-1: has no rules\n"),
        ({"db-1": HostRules("", "0.1.0")}, 1, "db-1: its agent is too old to have rules (0.1.0): upgrade it\n"),
        ({"db-1": HostRules(fault="no answer within 5 s")}, 2, "db-1 could not be asked: no answer within 5 s\n"),
        (
            {"127.0.0.1": HostRules("12345678")},
            1,
            "web-1: its agent has other rules in force; its settings now say 1 rule: `logagent reload` has it",
        ),
        ({"127.0.0.1": HostRules(NO_RULES)}, 1, "web-1: its agent has no rules in force; its settings"),
        (
            {"db-1": HostRules(fault="down"), "127.0.0.1": HostRules("12345678")},
            1,
            "db-1 could not be asked: down\n",
        ),
    ],
)
def test_a_host_that_differs_is_named(answers: dict[str, HostRules], code: int, told: str) -> None:
    ended, printed = checked(answers)
    assert ended == code
    assert told in printed


def test_where_no_host_can_be_asked_nothing_is_called_the_same() -> None:
    told = "web-1 could not be asked: `listen` names no port, and there are no peers\n"
    assert checked({}, ASKED._replace(own="", peers={})) == (2, told)


def test_mistakes_in_rules_are_told_a_line_each() -> None:
    rules = Rules([*RULES.rules, Rule(False, ("token:a",), place="rule 2")])
    code, told = checked({"": HostRules(rules.digest)}, ASKED._replace(rules=rules))
    assert told == (
        "rule 2 never counts: rule 1, before it, decides about all that it is about\n"
        "rule 2: who: token:a: this host knows no tokens, since the setting tokens names no file\n"
    )
    assert code == 1


def test_without_rules_that_is_told() -> None:
    code, told = checked({"": HostRules(NO_RULES)}, ASKED._replace(rules=Rules()))
    assert told == (
        "no rules are in force on web-1: /etc/logagent.toml has no [[rule]]\n"
        "no rules, the same on web-1, db-1; nothing is wrong\n"
    )
    assert code == 0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (json.dumps({"status": "ok", "version": "0.1.0", "rules": "12345678"}), HostRules("12345678", "0.1.0")),
        (json.dumps({"status": "ok", "version": "0.1.0"}), HostRules("", "0.1.0")),
        (json.dumps({"status": "ok", "rules": 1}), HostRules()),
        ("[]", HostRules(fault="what it answers is not an agent's")),
        ("no", HostRules(fault="what it answers is not an agent's")),
        ("{}", HostRules(fault="what it answers is not an agent's")),
    ],
)
def test_what_an_agent_says_of_its_rules_is_read(body: str, told: HostRules) -> None:
    assert read_health(body.encode()) == told


@pytest.mark.real
def test_who_speaks_no_http_is_told_of() -> None:
    with serving(says(b"hello\r\n")) as address:
        assert rules_of_agent(f"http://{address}", None, 5.0).fault
