"""Labels: their spelling, what wins, and the header."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.wire.labels import (
    LABEL_NAME,
    LABEL_VALUE,
    MOST_CHARACTERS,
    MOST_LABELS,
    NAME_RULE,
    UNTOLD,
    HostLabels,
    added_up,
    check_amount,
    check_label,
    labels_from_header,
    labels_to_header,
    spelled,
)

NAMES = st.from_regex(re.compile(LABEL_NAME, re.ASCII), fullmatch=True)
VALUES = st.from_regex(re.compile(LABEL_VALUE, re.ASCII), fullmatch=True)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_header_tells_labels_whatever_they_are(labels: dict[str, str]) -> None:
    for name, value in labels.items():
        check_label(name, value)
    assert labels_from_header(labels_to_header(labels)) == labels


def test_header_is_a_list_of_strings_and_none_where_there_are_no_labels() -> None:
    assert labels_to_header({"zone": "a", "role": "web"}) == '"role=web", "zone=a"'
    assert labels_to_header({}) == "none"
    assert labels_from_header(" none ") == {}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "role=web",
        '"role=web',
        '"role"',
        '"role="',
        '"role=web",',
        '"role=web", "role=db"',
        '"ro le=web"',
        '"role=w\\"eb"',
        '"role=é"',
        ", ".join(f'"l{number}=x"' for number in range(MOST_LABELS + 1)),
        '"role=' + "x" * MOST_CHARACTERS + '"',
    ],
)
def test_header_that_tells_no_labels_is_not_believed(header: str) -> None:
    assert labels_from_header(header) is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("", "web", f"'' is no name of a label: {NAME_RULE}"),
        ("1st", "web", "'1st' is no name"),
        ("ro!le", "web", "'ro!le' is no name"),
        ("x" * 64, "web", "is no name"),
        ("role", "", "'' is no value of the label role: letters, digits and _ . : / @ + ~ -, a letter or digit first"),
        ("role", "w*b", "'w*b' is no value of the label role"),
        ("role", "a b", "'a b' is no value"),
        ("role", "x" * 128, "is no value"),
        ("role", "web\n", "is no value"),
    ],
)
def test_wrong_spelling_is_told_with_what_would_be_right(name: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_label(name, value)


def test_more_labels_than_fit_are_refused() -> None:
    check_amount({f"l{number}": "x" for number in range(MOST_LABELS)})
    with pytest.raises(ValueError, match="33 labels are too many: a host has 32 at most"):
        check_amount({f"l{number}": "x" for number in range(MOST_LABELS + 1)})
    with pytest.raises(ValueError, match=r"the labels take \d+ characters together, and may take 2048"):
        check_amount({f"l{number}": "x" * 127 for number in range(20)})


def test_whoever_lists_a_host_overrides_what_it_says() -> None:
    told = {"role": "db", "zone": "a"}
    assert added_up({"role": "web"}, told) == HostLabels({"role": "web", "zone": "a"}, complete=True)
    assert added_up({"role": "web"}, None) == HostLabels({"role": "web"}, complete=False)
    assert added_up({}, None) == UNTOLD


def test_people_read_them_sorted() -> None:
    assert spelled({"zone": "a", "role": "web"}) == "role=web zone=a"
