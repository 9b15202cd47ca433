"""The file of tokens as a text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.token_entries import BadTokens, from_document, to_document
from logagent.core.access.tokens import TokenEntry

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9._@+-]{0,9}", fullmatch=True)
MOMENTS = st.none() | st.integers(0, 4_000_000_000)
ENTRIES = st.builds(
    TokenEntry,
    NAMES,
    st.from_regex("[0-9a-f]{64}", fullmatch=True),
    st.frozensets(NAMES, max_size=3).map(sorted).map(tuple),
    MOMENTS,
    MOMENTS,
    MOMENTS,
)
DIGEST = "ab" * 32
GOOD: dict[str, Any] = {"name": "ci", "sha256": DIGEST, "groups": ["build"], "expires": "2027-01-15T08:00:00Z"}


@given(st.lists(ENTRIES, max_size=4, unique_by=lambda entry: entry.sha256))
def test_what_is_written_is_read_again(entries: list[TokenEntry]) -> None:
    assert from_document(to_document(entries)) == tuple(entries)


def test_a_document_that_was_cut_anywhere_is_refused() -> None:
    text = to_document([TokenEntry("ci", DIGEST), TokenEntry("web", "cd" * 32)])
    for length in range(len(text) - 1):
        with pytest.raises(BadTokens):
            from_document(text[:length])


def test_an_entry_may_be_written_by_hand() -> None:
    assert from_document(json.dumps({"tokens": [GOOD]})) == (
        TokenEntry("ci", DIGEST, ("build",), expires=1_800_000_000),
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "a b"}, "token 1 (a b): name must be letters"),
        ({"name": 7}, "name must be letters"),
        ({"sha256": "ab"}, "token 1 (ci): sha256 must be 64"),
        ({"sha256": DIGEST.upper()}, "small letters"),
        ({"groups": "build"}, "groups must be a list"),
        ({"groups": ["a:b"]}, "groups must be letters"),
        ({"expires": "tomorrow"}, "expires must be a time with its zone"),
        ({"expires": "2027-01-15T08:00:00"}, "expires must be a time with its zone"),
        ({"expires": 1_800_000_000}, "expires must be a time with its zone"),
        ({"expire": "2027-01-15T08:00:00Z"}, "unknown key 'expire'; known are name, sha256"),
    ],
)
def test_a_wrong_entry_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(BadTokens) as bad:
        from_document(json.dumps({"tokens": [GOOD | changed]}))
    assert said in str(bad.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", 'must be {"tokens": [...]}'),
        ('{"tokens": []} {}', "is not JSON"),
        ('{"tokens": [], "more": 1}', "must be"),
        ('{"tokens": [7]}', "token 1: must be an object"),
        (f'{{"tokens": [{{"name": "a", "sha256": "{DIGEST}", "revoked": "x", "revoked": null}}]}}', "stands twice"),
        (json.dumps({"tokens": [GOOD, GOOD | {"name": "web"}]}), "token 2 (web): its sha256 stands there twice"),
    ],
)
def test_what_is_no_file_of_tokens_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadTokens) as bad:
        from_document(text)
    assert said in str(bad.value)
