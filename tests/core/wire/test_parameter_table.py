"""The table of parameters: what it says of values is what their readers take."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.query import BadParameter
from logagent.core.wire.parameter_table import TABLE, Parameter

OF_NUMBERS = [row for row in TABLE if row.kind.schema["type"] == "integer"]
OF_CHOICES = [row for row in TABLE if "enum" in row.kind.schema]
OF_PATTERNS = [row for row in TABLE if "pattern" in row.kind.schema]
AMONG_BOUNDS = {"by": "file", "timeout": "1s", "patience": "1s", "heartbeat": "15s", "step": "1h"}
"""A value between bounds that patterns do not say."""


def refused(row: Parameter, *values: str) -> str:
    """Why values are not read, as far as one parameter alone decides it; nothing if they are."""
    try:
        row.kind.read(row.name, list(values), 0)
    except BadParameter as error:
        return str(error)
    return ""


def takes(row: Parameter, *values: str) -> bool:
    told = refused(row, *values)
    assert not told or told.startswith(f"{row.name}: ")
    return not told


def plain(row: Parameter) -> str:
    """A value that is fine."""
    schema = row.kind.schema
    if schema["type"] == "integer":
        return str(schema["minimum"])
    if "enum" in schema:
        return str(schema["enum"][0])
    return "true" if schema["type"] == "boolean" else AMONG_BOUNDS.get(row.name, "1")


@pytest.mark.parametrize("row", OF_NUMBERS, ids=lambda row: row.name)
def test_numbers_are_taken_between_the_bounds_and_not_beyond(row: Parameter) -> None:
    least, most = row.kind.schema["minimum"], row.kind.schema["maximum"]
    assert [takes(row, str(number)) for number in (least - 1, least, most, most + 1)] == [False, True, True, False]


@pytest.mark.parametrize("row", OF_CHOICES, ids=lambda row: row.name)
def test_choices_are_taken_and_nothing_else(row: Parameter) -> None:
    assert all(takes(row, choice) for choice in row.kind.schema["enum"])
    assert not takes(row, "other")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_flags_are_true_or_false(row: Parameter) -> None:
    is_flag = row.kind.schema["type"] == "boolean"
    assert (takes(row, "true") and takes(row, "false") and not takes(row, "maybe")) is is_flag or not is_flag


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_as_many_values_are_taken_as_are_said(row: Parameter) -> None:
    value, most = plain(row), row.kind.most
    assert takes(row, *[value] * most)
    assert not takes(row, *[value] * (most + 1))


@pytest.mark.parametrize("row", [row for row in TABLE if row.kind.schema.get("minLength")], ids=lambda row: row.name)
def test_an_empty_text_is_none(row: Parameter) -> None:
    assert not takes(row, "")


@pytest.mark.parametrize("row", OF_PATTERNS, ids=lambda row: row.name)
@given(data=st.data())
def test_what_does_not_fit_a_pattern_is_not_taken(row: Parameter, data: Any) -> None:
    text = data.draw(st.text("0123456789.-:+TZ smhd\n", min_size=1, max_size=12) | st.text(min_size=1, max_size=12))
    if re.search(row.kind.schema["pattern"], text) is None or text.endswith("\n"):
        assert not takes(row, text)


@pytest.mark.parametrize("row", OF_PATTERNS, ids=lambda row: row.name)
@given(data=st.data())
def test_what_fits_a_pattern_is_taken_but_for_bounds(row: Parameter, data: Any) -> None:
    """A value that is refused all the same is told its bounds, or that there is no such day."""
    text = data.draw(st.from_regex(row.kind.schema["pattern"], fullmatch=True))
    assert takes(row, text) or row.name in AMONG_BOUNDS or "-" in text, refused(row, text)


@pytest.mark.parametrize("name", AMONG_BOUNDS)
def test_a_value_between_the_bounds_is_taken(name: str) -> None:
    [row] = [row for row in TABLE if row.name == name]
    assert takes(row, AMONG_BOUNDS[name])


def test_names_are_there_once() -> None:
    names = [row.name for row in TABLE]
    assert len(set(names)) == len(names)
