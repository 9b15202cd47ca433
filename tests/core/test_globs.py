"""Which names are globs."""

from __future__ import annotations

import pytest

from logagent.core.globs import is_glob


@pytest.mark.parametrize("text", ["*.log", "web-?", "app[12].log", "**/*", "["])
def test_wildcards_make_a_glob(text: str) -> None:
    assert is_glob(text)


@pytest.mark.parametrize("text", ["", "app.log", "a{b,c}", "nginx/access.log", "]!"])
def test_other_names_stand_for_themselves(text: str) -> None:
    assert not is_glob(text)
