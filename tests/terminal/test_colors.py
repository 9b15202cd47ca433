"""Colours that tell hosts apart."""

from __future__ import annotations

import pytest

from logagent.terminal.colors import PALETTE, color_of, wants_color


def test_colour_of_a_host_is_the_same_everywhere() -> None:
    assert [color_of(host) for host in ("web-1", "db-2")] == [168, 37]
    assert {color_of(f"host-{number}") for number in range(200)} == set(PALETTE)


@pytest.mark.parametrize(
    ("asked", "terminal", "environ", "wanted"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
def test_colour_is_wanted(asked: str, terminal: bool, environ: dict[str, str], wanted: bool) -> None:
    assert wants_color(asked, terminal=terminal, environ=environ) is wanted
