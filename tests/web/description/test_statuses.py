"""The table of refusals: it has every status code that the code names, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

import logagent.web
from logagent.web.description.statuses import OF_EVERY_ROUTE, REFUSALS

ROOT = Path(logagent.web.__file__).parent
STATUSES = {status.value for status in HTTPStatus if status.value >= 400}
NOT_STATUSES = {
    "claims.py: 500": "groups of a caller at most",
}
"""Numbers that look like a status code of a refusal."""


def named_in(code: ast.Module, module: str) -> Iterator[int]:
    """The status codes that a module names, as a number or by their words."""
    for found in ast.walk(code):
        is_status = isinstance(found, ast.Constant) and type(found.value) is int and found.value in STATUSES
        if is_status and f"{module}: {found.value}" not in NOT_STATUSES:
            yield found.value
        if isinstance(found, ast.Attribute) and isinstance(found.value, ast.Name) and found.value.id == "HTTPStatus":
            yield HTTPStatus[found.attr].value


def named_by_the_code() -> set[int]:
    modules = [path for path in ROOT.rglob("*.py") if path.parent.name != "description"]
    named = (named_in(ast.parse(path.read_text("utf-8")), path.name) for path in modules)
    return {status for statuses in named for status in statuses if status >= 400}


def test_every_status_that_the_code_names_is_in_the_table_and_no_other() -> None:
    assert named_by_the_code() == REFUSALS.keys()


@pytest.mark.parametrize("text", ["raise Refusal(418, 'x')", "return 418, 'x'", "x = HTTPStatus.IM_A_TEAPOT"])
def test_a_status_that_is_not_in_the_table_is_found_out(text: str) -> None:
    assert 418 in set(named_in(ast.parse(text), "x.py"))


def test_numbers_that_are_no_statuses_are_still_there() -> None:
    for place in NOT_STATUSES:
        module, _, number = place.partition(": ")
        [path] = ROOT.rglob(module)
        assert f"= {number}\n" in path.read_text("utf-8")


def test_what_every_route_refuses_is_in_the_table() -> None:
    assert set(OF_EVERY_ROUTE) <= REFUSALS.keys()
