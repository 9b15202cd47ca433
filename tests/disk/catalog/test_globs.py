"""What a glob stands for, and what is left of it on the way down."""

from __future__ import annotations

import pytest

from logagent.disk.catalog.globs import (
    Glob,
    GlobComponent,
    compiled,
    entered,
    is_name,
    literally,
    match_name,
    matcher,
    passed,
)


@pytest.mark.parametrize(
    ("texts", "matching", "others"),
    [
        (["btmp"], ["btmp", "a/btmp"], ["btmp.1", "btmp/a", "xbtmp"]),
        (["*.journal"], ["a.journal", "x/y/a.journal"], ["a.journal~", ".journal"]),
        (["sa/sa*"], ["sa/sa01"], ["x/sa/sa01", "sa01", "sa/x/sa01"]),
        (["**/sa/sa[0-9]*"], ["sa/sa01", "x/y/sa/sa01"], ["sa/sar01", "sa/x/sa01", "x/sb/sa01"]),
        (["a", "b/*"], ["a", "x/a", "b/c"], ["b", "x/b/c"]),
        ([], [], ["a"]),
    ],
)
def test_names_match_globs_by_their_last_component_or_as_a_whole(
    texts: list[str], matching: list[str], others: list[str]
) -> None:
    is_matched = matcher(texts)
    assert [name for name in [*matching, *others] if is_matched(name)] == matching


def spelled(glob: Glob) -> str:
    return "/".join(component.text for component in glob)


@pytest.mark.parametrize(
    ("component", "matching", "others"),
    [
        ("*.log", ["a.log", "a.b.log"], ["a.log.1", ".log", ".a.log", "log"]),
        (".*", [".a", "..a"], ["a", "a.b"]),
        ("?", ["a", "ä"], ["", "ab", "."]),
        ("[ab]*", ["a", "b.log"], ["c", "[ab]c"]),
        ("[!a]", ["b"], ["a", ".", "ab"]),
        ("a\\*", ["a\\b"], ["a*"]),
        ("app.log", ["app.log"], ["appxlog", "app.log.1"]),
    ],
)
def test_a_component_matches_whole_names(component: str, matching: list[str], others: list[str]) -> None:
    [compiled_component] = compiled(component)
    assert [name for name in matching + others if compiled_component.matches(name)] == matching


def test_a_name_is_neither_a_pattern_nor_any_number_of_directories() -> None:
    assert [is_name(component) for component in compiled("nginx/*.log")] == [True, False]
    assert [is_name(component) for component in compiled("**/a")] == [False, True]


@pytest.mark.parametrize(
    ("text", "glob"),
    [("a/b", "a/b"), ("**", "**/*"), ("**/**/a", "**/a"), ("a/**", "a/**/*"), ("a/**/**", "a/**/*"), ("a**", "a**")],
)
def test_a_glob_is_put_into_its_shortest_form(text: str, glob: str) -> None:
    assert spelled(compiled(text)) == glob


@pytest.mark.parametrize("text", ["", "/a", "a//b", "../a", "a/./b", "a/", "a\0"])
def test_what_would_be_refused_as_a_name_is_refused_as_a_glob(text: str) -> None:
    for compile_it in (compiled, literally):
        with pytest.raises(FileNotFoundError):
            compile_it(text)


def test_a_name_taken_literally_matches_itself_alone() -> None:
    [component] = literally("a[b]*")
    assert (component.matches("a[b]*"), component.matches("abc"), is_name(component)) == (True, False, True)


def test_any_number_of_directories_may_be_none() -> None:
    assert {spelled(glob) for glob in entered([compiled("**/*.log"), compiled("a/b")])} == {"**/*.log", "*.log", "a/b"}


@pytest.mark.parametrize(
    ("glob", "name", "leads_on", "left"),
    [
        ("nginx/*.log", "nginx", True, ["*.log"]),
        ("nginx/*.log", "nginx", False, []),
        ("nginx/*.log", "apache", True, []),
        ("*.log", "a.log", False, [""]),
        ("*.log", "a.txt", False, []),
        ("**/*.log", "nginx", True, ["**/*.log"]),
        ("**/*.log", ".hidden", True, []),
        ("**/*.log", "a.log", False, []),
        ("*/a", "nginx", True, ["a"]),
    ],
)
def test_what_is_left_once_a_name_is_passed(glob: str, name: str, leads_on: bool, left: list[str]) -> None:
    assert [spelled(rest) for rest in passed(compiled(glob), name, leads_on)] == left


def test_a_single_name_matches_a_glob_of_one_component() -> None:
    globs = [compiled("a/*.log"), compiled("*.log")]
    assert (match_name(globs, "b.log"), match_name(globs, "a"), match_name(globs[:1], "b.log")) == (True, False, False)
    assert match_name([compiled("**/*.log")], "b.log")
    assert not match_name([], "b.log")


def test_components_of_the_same_text_are_equal_so_that_globs_can_be_in_sets() -> None:
    assert {compiled("a/*.log"), compiled("a/*.log")} == {compiled("a/*.log")}
    assert GlobComponent("*") != compiled("*")[0]
