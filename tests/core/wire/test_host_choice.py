"""Which hosts a question means, by names, globs and conditions on labels."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.outcome import Failure, Status
from logagent.core.wire.host_choice import HostChoice, LabelCondition, candidates, choice_of, is_condition, selected
from logagent.core.wire.labels import UNTOLD, HostLabels

KNOWN = {
    "web-1": HostLabels({"role": "web", "zone": "a"}),
    "web-2": HostLabels({"role": "web", "zone": "b"}),
    "db-1": HostLabels({"role": "db", "zone": "a"}),
    "old": HostLabels({}),
}

_HOSTS = st.dictionaries(
    st.sampled_from(["web-1", "web-2", "db-1", "x"]),
    st.dictionaries(st.sampled_from(["role", "zone"]), st.sampled_from(["web", "db", "a"])),
    min_size=1,
)
_PATTERNS = st.lists(
    st.sampled_from(["web-1", "x", "web-*", "*"])
    | st.tuples(
        st.sampled_from(["role", "zone", "rack"]),
        st.sampled_from(["=", "!="]),
        st.sampled_from(["web", "a", "?", "*", "w*"]),
    ).map("".join),
    max_size=5,
)


def _oracle(patterns: list[str], name: str, labels: dict[str, str]) -> bool:
    """The same, as one would say it in words."""
    names = [pattern for pattern in patterns if "=" not in pattern]
    if names and not any(fnmatchcase(name, pattern) for pattern in names):
        return False
    for pattern in patterns:
        if "!=" in pattern:
            label, _, glob = pattern.partition("!=")
            if label in labels and fnmatchcase(labels[label], glob):
                return False
        elif "=" in pattern:
            label, _, glob = pattern.partition("=")
            if label not in labels or not fnmatchcase(labels[label], glob):
                return False
    return True


@given(_HOSTS, _PATTERNS)
def test_hosts_are_chosen_as_one_would_say_it_in_words(hosts: dict[str, dict[str, str]], patterns: list[str]) -> None:
    wanted = {name for name, labels in hosts.items() if _oracle(patterns, name, labels)}
    assert {name for name, labels in hosts.items() if selected(patterns, name, labels)} == wanted


@given(_HOSTS, _PATTERNS, st.data())
def test_what_is_known_of_a_host_never_misleads(
    hosts: dict[str, dict[str, str]], patterns: list[str], data: st.DataObject
) -> None:
    choice = choice_of(tuple(patterns))
    for name, labels in hosts.items():
        known = data.draw(st.sets(st.sampled_from(sorted(labels)))) if labels else set()
        partly = HostLabels({label: labels[label] for label in known}, complete=False)
        assert choice.means(name, partly) in (None, _oracle(patterns, name, labels))


def test_not_knowing_is_no_answer_only_where_it_matters() -> None:
    web = HostLabels({"role": "web"}, complete=False)
    assert choice_of(("role=web",)).means("x", web) is True
    assert choice_of(("role=db", "zone=a")).means("x", web) is False
    assert choice_of(("role=web", "zone=a")).means("x", web) is None
    assert choice_of(("zone!=a",)).means("x", UNTOLD) is None
    assert choice_of(("y", "zone=a")).means("x", UNTOLD) is False


def test_conditions_are_told_from_names_and_globs() -> None:
    assert choice_of(("web-*", "role=w?b", "zone!=a=b")) == HostChoice(
        ("web-*",), (LabelCondition("role", "w?b"), LabelCondition("zone", "a=b", equals=False))
    )
    assert not is_condition("web-[!0-9]")
    assert str(LabelCondition("zone", "a", equals=False)) == "zone!=a"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("role=", r"role= names no value: role=\* means hosts with the label, role!=\* those without it"),
        ("role!=", r"role!= names no value: role=\*"),
        ("web!1", "web!1 is no host's name, since it has a !; a condition is spelled label!=value"),
        ("=web", "=web is no condition label=value or label!=value: a label's name has letters, digits"),
        ("ro le=web", "ro le=web is no condition"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_would_be_right(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        choice_of((pattern,))


def test_candidates_are_those_that_fit_and_those_that_may() -> None:
    assert candidates(choice_of(("role=web",)), KNOWN) == ["web-1", "web-2"]
    assert candidates(choice_of(("role=web",)), KNOWN | {"new": UNTOLD}) == ["new", "web-1", "web-2"]
    assert candidates(choice_of(("web-*", "zone!=a")), KNOWN | {"new": UNTOLD}) == ["web-2"]
    assert candidates(choice_of(("role!=*",)), KNOWN) == ["old"]
    assert candidates(choice_of(()), KNOWN) == sorted(KNOWN)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["role=wbe"], "no host with role=wbe; is web meant? known values of role are db, web"),
        (["roel=web"], "no host with roel=web; no such label is known; is role meant? known labels are role, zone"),
        (["role=db", "zone=b"], "no host with role=db and zone=b"),
        (["web-*", "zone=c"], "no host named web-* with zone=c; known values of zone are a, b"),
        (["web-1", "old", "role=db"], "no host named web-1 or old with role=db; known values of role are web"),
        (["old", "role=db"], "no host named old with role=db; none of these hosts has any label"),
        (["role=*", "role!=*"], "no host with role=* and role!=*"),
        (["web-1", "role!=web"], "no host named web-1 with role!=web; known values of role are web"),
        (["wbe-1", "role=web"], "no host named wbe-1; is web-1 meant? known are db-1, old, web-1, web-2"),
    ],
)
def test_condition_that_holds_nowhere_is_told_with_what_is_known(asked: list[str], said: str) -> None:
    with pytest.raises(Failure) as caught:
        candidates(choice_of(tuple(asked)), KNOWN)
    assert (caught.value.status, caught.value.message) == (Status.NOT_FOUND, said)


def test_a_host_that_may_fit_keeps_a_condition_from_being_wrong() -> None:
    assert candidates(choice_of(("role=wbe",)), KNOWN | {"new": UNTOLD}) == ["new"]
