"""Months are known by their names in ten languages, and by nothing else."""

from __future__ import annotations

import pytest

from logagent.core.times.months import MONTHS, is_month, month_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("11", 11),
        ("Nov", 11),
        ("nov", 11),
        ("Sept", 9),
        ("June", 6),
        ("March", 3),
        ("MÄRZ", 3),
        ("märz", 3),
        ("août", 8),
        ("ottobre", 10),
        ("września", 9),
        ("out", 10),
    ],
)
def test_a_month_is_read_from_digits_or_a_name(text: str, number: int) -> None:
    assert is_month(text.encode())
    assert month_number(text.encode()) == number


def test_a_month_may_be_written_in_latin_1() -> None:
    assert month_number("März".encode("latin-1")) == month_number("März".encode()) == 3


def test_other_words_are_no_months() -> None:
    assert not [word for word in (b"", b"foo", b"marvel", b"Novembre.", b"sec") if is_month(word)]


def test_all_months_have_names() -> None:
    assert set(MONTHS.values()) == set(range(1, 13))
