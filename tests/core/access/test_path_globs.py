"""Globs entered one directory after the other match what they match as a whole."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.path_globs import PathGlob, State, folded


def whole_match(globs: Sequence[str], parts: Sequence[str]) -> bool:
    """What a glob matches, said as simply as can be."""
    if not globs or not parts:
        return not globs and not parts
    if globs[0] == "**":
        return len(globs) == 1 or whole_match(globs[1:], parts) or whole_match(globs, parts[1:])
    return fnmatch.fnmatchcase(parts[0], globs[0]) and whole_match(globs[1:], parts[1:])


def state_in(glob: PathGlob, directories: Sequence[str]) -> State:
    state = glob.begin
    for directory in directories:
        state = glob.entered(state, directory)
    return state


def matches(text: str, name: str) -> bool:
    glob, (*directories, own) = PathGlob(text), name.split("/")
    return glob.matches(state_in(glob, directories), own)


GLOBS = st.lists(st.sampled_from(["**", "*", "a", "b", "?", "a*", "[!a]"]), min_size=1, max_size=5)
NAMES = st.lists(st.sampled_from(["a", "b", "ab", ".a"]), min_size=1, max_size=5)


@given(globs=GLOBS, names=NAMES)
def test_entering_one_directory_after_the_other_changes_nothing(globs: list[str], names: list[str]) -> None:
    assert matches("/".join(globs), "/".join(names)) == whole_match(globs, names)


@given(globs=GLOBS, directories=NAMES, below=NAMES)
def test_where_nothing_can_match_below_nothing_does(globs: list[str], directories: list[str], below: list[str]) -> None:
    glob = PathGlob("/".join(globs))
    state = state_in(glob, directories)
    if not glob.goes_on(state):
        assert not whole_match(globs, directories + below)
    if glob.takes_all(state):
        assert whole_match(globs, directories + below[:1])


@given(globs=GLOBS, directories=NAMES)
def test_a_directory_that_matches_itself_is_known(globs: list[str], directories: list[str]) -> None:
    glob = PathGlob("/".join(globs))
    assert glob.has_ended(state_in(glob, directories)) == whole_match(globs, directories)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("app.log", "app.log", True),
        ("app.log", "appxlog", False),
        ("a+b(c).log", "a+b(c).log", True),
        ("[[]x].log", "[x].log", True),
        ("[x].log", "[x].log", False),
        ("a\\*", "a\\b", True),
        ("*.log", "a\nb.log", True),
        ("*.log", "a.log\n", False),
        ("*.log", ".a.log", True),
        ("*.log", "d/a.log", False),
        ("**/*.log", "a.log", True),
        ("**/*.log", "d/e/a.log", True),
        ("d/**", "d", False),
        ("d/**", "d/a", True),
        ("d/**/a", "d/a", True),
        ("?", "\udcff", True),
    ],
)
def test_what_a_glob_matches(text: str, name: str, expected: bool) -> None:
    assert matches(text, name) is expected


def test_a_glob_of_many_wildcards_is_no_trap() -> None:
    assert not matches("/".join(["**", "a"] * 20 + ["b"]), "/".join("a" * 60))


@pytest.mark.parametrize(
    ("name", "other"), [("App.LOG", "app.log"), ("Caf\u00e9", "cafe\u0301"), ("STRASSE", "stra\u00dfe")]
)
def test_spellings_that_open_one_file_on_some_file_systems_are_folded_alike(name: str, other: str) -> None:
    assert folded(name) == folded(other)
