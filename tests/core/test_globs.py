"""Which names are globs, and which names a glob stands for."""

from __future__ import annotations

import pytest

from logagent.core.globs import fits, is_glob


@pytest.mark.parametrize("text", ["*.log", "web-?", "app[12].log", "**/*", "["])
def test_wildcards_make_a_glob(text: str) -> None:
    assert is_glob(text)


@pytest.mark.parametrize("text", ["", "app.log", "a{b,c}", "nginx/access.log", "]!"])
def test_other_names_stand_for_themselves(text: str) -> None:
    assert not is_glob(text)


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("a/*.log", "a/x.log", True),
        ("a/*.log", "a/b/x.log", False),
        ("a/**/*.log", "a/b/c/x.log", True),
        ("a/**/*.log", "a/x.log", True),
        ("a/**", "a/b/c", True),
        ("**/*.log", "x.log", True),
        ("**", "a/b", True),
        ("*.log", "a/b/x.log", True),
        ("x.log", "a/x.log", True),
        ("a/x.log", "a/x.log", True),
        ("a/x.log", "b/a/x.log", False),
        ("/var/log/*.log", "/var/log/x.log", True),
        ("[a]/x", "[a]/x", True),
        ("*.LOG", "x.log", False),
    ],
)
def test_globs_stand_for_names(glob: str, name: str, expected: bool) -> None:
    assert fits(glob, name) is expected
