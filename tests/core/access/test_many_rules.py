"""Thousands of rules are looked through once for each caller."""

from __future__ import annotations

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.rules import Rule, Rules, What


class CountedRule(Rule):
    """A rule that counts how often it is asked whether it is about a caller."""

    asked = 0

    def is_for_caller(self, caller: Caller) -> bool:
        CountedRule.asked += 1
        return super().is_for_caller(caller)


def test_rules_are_looked_through_once_for_each_caller() -> None:
    rules = Rules([CountedRule(allows=True, who=(f"token:{number}",), hosts=("web-*",)) for number in range(100)])
    CountedRule.asked = 0
    for host in ("web-1", "web-2", "db-1"):
        for until in (None, None):
            caller = Caller(Proof.TOKEN, "7", until=until, credential=host)
            assert rules.accepts(caller, host) is host.startswith("web")
            assert rules.shows_host(caller, host, (What.LOGS,)) is host.startswith("web")
    assert CountedRule.asked == 100
