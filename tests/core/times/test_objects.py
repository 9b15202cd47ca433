"""Objects that are printed over many lines: where one begins, and its time."""

from __future__ import annotations

import pytest

from logagent.core.times.objects import opens_object, time_of_object


@pytest.mark.parametrize("line", [b"{", b"  {", b"[{", b"}, {", b"{\r", b"\t{ "])
def test_an_object_opens(line: bytes) -> None:
    assert opens_object(line)


@pytest.mark.parametrize("line", [b"", b"}", b'"a": {', b"x {", b"{}", b'{"a": 1}', b"["])
def test_these_lines_open_none(line: bytes) -> None:
    assert not opens_object(line)


def stamp(line: bytes) -> int | None:
    return int(line.split()[-1]) if line.startswith(b"  time") else None


def test_its_time_is_in_one_of_its_lines() -> None:
    assert time_of_object(b"{", [b"  a", b"  b: {", b"  }", b"  time 7", b"}"], stamp) == 7


def test_but_not_in_those_below_its_end() -> None:
    assert time_of_object(b"{", [b"  a", b"}", b"{", b"  time 7"], stamp) is None
    assert time_of_object(b"  {", [b"    a", b"  },", b"  time 7"], stamp) is None


def test_nor_below_the_end_of_the_file() -> None:
    assert time_of_object(b"{", [], stamp) is None
