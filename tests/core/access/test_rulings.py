"""What is told of rules is what they do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules, What, needed_for
from logagent.core.access.rulings import OF_FILES, FileNames, almost, judged, shadowing

ALICE = Caller(Proof.TOKEN, "alice", frozenset({"web"}))
CALLERS = st.sampled_from([ALICE, ANONYMOUS, Caller(Proof.CERT, "alice")])
HOSTS = st.sampled_from(["web-1", "db-1"])
FILES = st.builds(
    FileNames,
    st.sampled_from(["log", "app"]),
    st.just("d/a.log.1"),
    st.just(("d/a.log.1", "d/a.log")),
    st.just(("d/a.old",)),
) | st.builds(FileNames, st.just("log"), st.just("b.log"), st.just(("b.log",)), st.just(()))
GLOBS = st.sampled_from(["d/", "d", "*.log", "**/*.log", "log:d/", "D/a.log", "d/a.old", "**", "b.log"])


def some(words: list[str], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words), min_size=least, max_size=2).map(tuple)


RULES = st.lists(
    st.builds(
        Rule,
        st.booleans(),
        some(["*", "token:alice", "group:web", "cert:*"], 1),
        some(["web-*", "db-1", "*"]),
        st.lists(GLOBS, max_size=2).map(lambda texts: tuple(FileGlob(text, ("log", "app")) for text in texts)),
        st.frozensets(st.sampled_from(list(What)), max_size=2),
        st.sampled_from([None, 1, 7]),
    ),
    min_size=1,
    max_size=4,
).map(lambda rules: Rules([rule if rule.allows else Rule(False, *members(rule)) for rule in rules]))


def members(rule: Rule) -> tuple[tuple[str, ...], tuple[str, ...], tuple[FileGlob, ...], frozenset[What]]:
    return rule.who, rule.hosts, rule.files, rule.what


@given(
    rules=RULES,
    caller=CALLERS,
    host=HOSTS,
    what=st.sampled_from(OF_FILES),
    files=st.lists(FILES, min_size=1, max_size=2),
)
def test_what_is_told_of_a_file_is_what_is_seen_of_it(
    rules: Rules, caller: Caller, host: str, what: What, files: list[FileNames]
) -> None:
    sight = rules.sight(caller, host, needed_for(what))
    assert sight is not None
    told = judged(rules, caller, host, what, files)
    assert told.allowed == all(sight.sees(file.root, file.logs, file.perhaps) for file in files)
    if told.allowed:
        backs = [sight.back(file.root, file.logs, file.perhaps) for file in files]
        assert told.back == min((back for back in backs if back is not None), default=None)
        assert told.rule is not None
        assert told.rule.allows


@given(rules=RULES, caller=CALLERS, host=HOSTS, what=st.sampled_from([What.HOSTS, What.METRICS]))
def test_what_is_told_of_a_host_is_what_it_gives(rules: Rules, caller: Caller, host: str, what: What) -> None:
    told = judged(rules, caller, host, what, ())
    assert told.allowed == rules.shows_host(caller, host, [what])


@given(rules=RULES, caller=CALLERS, host=HOSTS, what=st.sampled_from(list(What)), file=FILES)
def test_a_rule_that_never_counts_may_be_left_out(
    rules: Rules, caller: Caller, host: str, what: What, file: FileNames
) -> None:
    for number in range(len(rules.rules)):
        if shadowing(rules.rules, number) is not None:
            fewer = Rules([*rules.rules[:number], *rules.rules[number + 1 :]])
            before, after = (judged(each, caller, host, what, [file]) for each in (rules, fewer))
            assert (before.allowed, before.back) == (after.allowed, after.back)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule(True, ("token:bob",)), "is for token:bob"),
        (Rule(True, ("*",), ("db-*",)), "is about db-*"),
        (Rule(True, ("*",), what=frozenset({What.HITS, What.FILES})), "is about hits, files"),
        (Rule(True, ("*",), files=(FileGlob("d/"),)), "is about d/"),
        (Rule(True, ("token:bob",), ("db-*",)), ""),
        (Rule(False, ("token:bob",)), ""),
    ],
)
def test_a_rule_that_would_allow_but_for_one_thing_is_named_with_it(rule: Rule, why: str) -> None:
    rules = Rules([rule])
    found = judged(rules, ALICE, "web-1", What.LOGS, [FileNames("log", "a.log", ("a.log",), ())])
    assert not found.allowed
    assert [why for _, why in almost(rules, ALICE, "web-1", found)] == ([why] if why else [])
