"""Numbers of bytes and lines, for people."""

from __future__ import annotations

import pytest

from logagent.terminal.amounts import counted, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_240, "10 KiB"),
        (2**20 - 1, "1.0 MiB"),
        (2**60, "1048576 TiB"),
    ],
)
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert size(count) == text


def test_lines_are_counted_in_the_singular_and_the_plural() -> None:
    assert [counted(lines) for lines in (0, 1, 2)] == ["0 lines", "1 line", "2 lines"]
