"""What is seen by decisions in an order: tables of what each means, and an oracle that says it as simply as can be."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.decisions import Decision
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.path_globs import folded
from logagent.core.access.sight import REMEMBERED, Sight

ROOTS = ("log", "app")


def decision(spelled: str) -> Decision:
    """`+ GLOB GLOB` allows, `- GLOB` denies; without globs, every file."""
    sign, *globs = spelled.split()
    return Decision(sign == "+", tuple(FileGlob(glob, ROOTS) for glob in globs))


def sight(*spelled: str) -> Sight:
    return Sight([[decision(each) for each in spelled]])


def seen(sight: Sight, *names: str, root: str = "log", perhaps: Sequence[str] = ()) -> bool:
    return sight.sees(root, names, perhaps)


@pytest.mark.parametrize(
    ("rules", "name", "expected"),
    [
        # Deny by default; the first that counts decides.
        ([], "app.log", False),
        (["+"], "app.log", True),
        (["+ other.log"], "app.log", False),
        (["- app.log", "+"], "app.log", False),
        (["+ app.log", "-"], "app.log", True),
        (["- app.log", "+"], "other.log", True),
        # Anchored at the root.
        (["+ *.log"], "d/app.log", False),
        (["+ **/*.log"], "d/app.log", True),
        (["- *.log", "+"], "d/app.log", True),
        # Directories: one that is denied is denied with all below; one that is allowed is named with a slash.
        (["+ d/"], "d/e/app.log", True),
        (["+ d/"], "d", False),
        (["+ d"], "d/app.log", False),
        (["- d", "+"], "d/e/app.log", False),
        (["- d/", "+"], "d/e/app.log", False),
        (["- *", "+"], "d/e/app.log", False),
        (["- d/*.d", "+"], "d/x.d/app.log", False),
        # By the name of a root.
        (["+ log:app.log"], "app.log", True),
        (["+ app:app.log"], "app.log", False),
        (["- app:d/", "+"], "d/app.log", True),
        (["- log:d/", "+"], "d/app.log", False),
        (["+ other:app.log"], "other:app.log", True),
        # What denies takes spellings for the same that some file systems do.
        (["- secret/", "+"], "Secret/app.log", False),
        (["- SECRET/", "+"], "secret/app.log", False),
        (["- secret/*.log", "+"], "Secret/APP.Log", False),
        (["- caf\u00e9.log", "+"], "cafe\u0301.LOG", False),
        (["- caf?.log", "+"], "caf\u00e9.log", False),
        (["- [A-C]*.log", "+"], "b.log", False),
        (["- [!a]*.log", "+"], "B.log", False),
        (["+ app.log"], "APP.log", False),
        # Names that might be taken for something else.
        (["+ [[]a].log"], "[a].log", True),
        (["+ a.log"], "axlog", False),
        (["- a.log", "+"], "a.log\n", True),
        (["- a.log*", "+"], "a.log\n", False),
        (["- *", "+"], "\udcff.log", False),
        (["- .*", "+"], ".hidden", False),
        (["- *", "+"], ".hidden", False),
    ],
)
def test_the_first_decision_that_is_about_a_file_holds(rules: list[str], name: str, expected: bool) -> None:
    assert seen(sight(*rules), name) is expected


@pytest.mark.parametrize(
    ("rules", "names", "perhaps", "expected"),
    [
        # A generation has the names of the logs that it belongs to.
        (["+ app.log"], ["app.log.1.gz", "app.log.1", "app.log"], [], True),
        (["- app.log", "+"], ["app.log.1.gz", "app.log.1", "app.log"], [], False),
        (["- app.log.1.gz", "+ app.log"], ["app.log.1.gz", "app.log.1", "app.log"], [], False),
        (["+ app.log", "- app.log.1.gz"], ["app.log.1.gz", "app.log.1", "app.log"], [], True),
        (["- *.gz", "+ app.log"], ["app.log"], [], True),
        (["- d/app.log", "+"], ["d/app.log.1", "d/app.log"], [], False),
        # `web-1.log` may be one of `web.log`, or a log of its own: it is denied with that one, but not allowed with it.
        (["+ web.log"], ["web-1.log"], ["web.log"], False),
        (["- web.log", "+"], ["web-1.log"], ["web.log"], False),
        (["- WEB.log", "+"], ["web-1.log"], ["web.log"], False),
        (["+ web-1.log"], ["web-1.log"], ["web.log"], True),
        (["+ web*.log"], ["web-1.log"], ["web.log"], True),
    ],
)
def test_a_generation_is_judged_by_its_own_name_and_by_those_of_its_logs(
    rules: list[str], names: list[str], perhaps: list[str], expected: bool
) -> None:
    assert seen(sight(*rules), *names, perhaps=perhaps) is expected


@pytest.mark.parametrize(
    ("rules", "directory", "expected"),
    [
        ([], "", False),
        (["+"], "", True),
        (["-"], "", False),
        (["-", "+"], "d", False),
        (["+ d/app.log"], "", True),
        (["+ d/app.log"], "d", True),
        (["+ d/app.log"], "e", False),
        (["+ d/app.log"], "d/app.log", False),
        (["+ *.log"], "d", False),
        (["+ **/*.log"], "d/e/f", True),
        (["- d/", "+"], "d", False),
        (["- d", "+"], "d", False),
        (["- d", "+"], "d/e", False),
        (["- d/*", "+"], "d", False),
        (["- d/*", "+"], "d/e", False),
        (["- d/*.log", "+"], "d", True),
        (["- D/", "+"], "d", False),
        (["+ d/app.log", "- d/"], "d", True),
        (["- d/", "+ d/app.log"], "d", False),
        (["+ app:d/"], "d", False),
    ],
)
def test_a_directory_is_there_if_something_below_it_may_be_seen(
    rules: list[str], directory: str, expected: bool
) -> None:
    assert sight(*rules).sees_below("log", directory) is expected


def test_what_needs_several_permissions_needs_each_of_them() -> None:
    logs, follow = [decision("+ a.log"), decision("+ b.log")], [decision("- a.log"), decision("+")]
    both = Sight([logs, follow])
    assert [both.sees("log", [name]) for name in ("a.log", "b.log", "c.log")] == [False, True, False]
    assert not both.sees_below("log", "d")
    assert not Sight([]).sees("log", ["a.log"])


def test_lines_reach_back_as_far_as_each_permission_lets_them() -> None:
    week, day = Decision(True, (FileGlob("a.log"),), 7), Decision(True, (), 1)
    assert Sight([[week, day]]).back("log", ["a.log"]) == 7
    assert Sight([[week, day]]).back("log", ["b.log"]) == 1
    assert Sight([[week], [day]]).back("log", ["a.log"]) == 1
    assert Sight([[decision("+")]]).back("log", ["a.log"]) is None
    assert Sight([[decision("+")], [day]]).back("log", ["a.log"]) == 1


def test_sights_that_show_the_same_are_equal_wherever_their_rules_are_written() -> None:
    first, second = (Sight([[Decision(True, (FileGlob("d/", ROOTS),), place=place)]]) for place in ("rule 1", "rule 2"))
    assert first == second
    assert hash(first) == hash(second)
    assert first != sight("- d/")
    assert first != sight("+ log:d/")


def test_a_name_of_very_many_directories_is_judged_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "/".join(itertools.repeat("d", 3 * REMEMBERED))
    assert seen(sight("- d/x/", "+ **/*.log"), f"{deep}/a.log")
    assert not seen(sight("- d/d/", "+"), f"{deep}/a.log")


GLOBS = st.lists(st.sampled_from(["**", "*", "a", "b", "B", "?", "a*", "[!a]"]), min_size=1, max_size=3).map("/".join)
FILES = st.tuples(st.sampled_from(["", "log:", "app:"]), GLOBS, st.sampled_from(["", "/"])).map("".join)
DECISIONS = st.builds(
    Decision,
    allows=st.booleans(),
    files=st.lists(FILES, max_size=2).map(lambda texts: tuple(FileGlob(text, ROOTS) for text in texts)),
)
NAMES = st.lists(st.sampled_from(["a", "b", "A", "ab", ".a"]), min_size=1, max_size=4)


def whole_match(globs: Sequence[str], parts: Sequence[str]) -> bool:
    if not globs or not parts:
        return not globs and not parts
    if globs[0] == "**":
        return len(globs) == 1 or whole_match(globs[1:], parts) or whole_match(globs, parts[1:])
    return fnmatch.fnmatchcase(parts[0], globs[0]) and whole_match(globs[1:], parts[1:])


def is_about(one: Decision, root: str, name: str) -> bool:
    """The oracle: whether a decision is about a file, from its globs as they are written."""
    for glob in one.files:
        before, colon, text = glob.text.rpartition(":")
        if colon and before != root:
            continue
        text = f"{text}**" if text.endswith("/") else text
        parts = name.split("/")
        beginnings = [parts] if one.allows else [parts[:depth] for depth in range(1, len(parts) + 1)]
        spellings = [(text, lambda part: part)] if one.allows else [(text, lambda part: part), (folded(text), folded)]
        if any(
            whole_match(spelled.split("/"), list(map(fold, each))) for spelled, fold in spellings for each in beginnings
        ):
            return True
    return not one.files


def oracle(decisions: Sequence[Decision], root: str, names: Sequence[str], perhaps: Sequence[str]) -> bool:
    for one in decisions:
        if any(is_about(one, root, name) for name in (names if one.allows else [*names, *perhaps])):
            return one.allows
    return False


@given(
    decisions=st.lists(DECISIONS, max_size=4),
    root=st.sampled_from(ROOTS),
    names=st.lists(NAMES.map("/".join), min_size=1, max_size=2),
    perhaps=st.lists(NAMES.map("/".join), max_size=1),
)
def test_it_sees_what_the_oracle_says(
    decisions: list[Decision], root: str, names: list[str], perhaps: list[str]
) -> None:
    judged = Sight([decisions])
    for _ in range(2):
        assert judged.sees(root, names, perhaps) == oracle(decisions, root, names, perhaps)


@given(decisions=st.lists(DECISIONS, max_size=4), root=st.sampled_from(ROOTS), name=NAMES)
def test_what_is_seen_lies_in_directories_that_are_there(decisions: list[Decision], root: str, name: list[str]) -> None:
    judged = Sight([decisions])
    if judged.sees(root, ["/".join(name)]):
        assert all(judged.sees_below(root, "/".join(name[:depth])) for depth in range(len(name)))


@given(decisions=st.lists(DECISIONS, max_size=4), name=NAMES, below=NAMES)
def test_below_what_is_not_there_nothing_is_seen(decisions: list[Decision], name: list[str], below: list[str]) -> None:
    judged = Sight([decisions])
    if not judged.sees_below("log", "/".join(name)):
        assert not judged.sees("log", ["/".join(name + below)])
