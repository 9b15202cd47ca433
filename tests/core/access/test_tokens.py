"""The form of tokens, and knowing one again by its SHA-256."""

from __future__ import annotations

import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.tokens import (
    RANDOM_BYTES,
    BadToken,
    TokenEntry,
    check_form,
    checked_name,
    digest_of,
    entry_of,
    token_of,
)

RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
TOKEN = token_of(bytes(range(RANDOM_BYTES)))


@given(RANDOM)
def test_every_token_has_the_form_that_scanners_look_for(random: bytes) -> None:
    token = token_of(random)
    check_form(token)
    assert re.fullmatch("logagent_[0-9A-Za-z]{49}", token)


@given(RANDOM, RANDOM)
def test_other_random_bytes_make_another_token(one: bytes, other: bytes) -> None:
    assert (token_of(one) == token_of(other)) == (one == other)


@given(RANDOM, st.data())
def test_a_character_off_is_told_by_the_checksum(random: bytes, data: st.DataObject) -> None:
    token = token_of(random)
    place = data.draw(st.integers(len("logagent_"), len(token) - 1))
    other = data.draw(st.sampled_from("0123456789ABCXYZabcxyz").filter(lambda letter: letter != token[place]))
    with pytest.raises(BadToken, match="checksum"):
        check_form(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begin with logagent_"),
        ("hunter2", "begin with logagent_"),
        (TOKEN[:-1], "57 characters, and a token has 58"),
        (TOKEN + "x", "59 characters"),
        (TOKEN.upper(), "begin with"),
        (TOKEN[:9] + TOKEN[9:].lower(), "checksum"),
        (TOKEN[:9] + TOKEN[9:].upper(), "checksum"),
        (TOKEN[:20] + "\u00e9" + TOKEN[21:], "checksum"),
        (TOKEN[:20] + "-" + TOKEN[21:], "checksum"),
    ],
)
def test_what_is_no_token_is_told_without_being_repeated(text: str, said: str) -> None:
    with pytest.raises(BadToken) as bad:
        check_form(text)
    assert said in str(bad.value)
    assert not text or text not in str(bad.value)


def test_a_token_is_made_of_enough_random_bytes_only() -> None:
    with pytest.raises(ValueError, match="32 random bytes, not of 16"):
        token_of(bytes(16))


def test_a_token_is_known_again_among_others() -> None:
    tokens = [token_of(bytes([place] * RANDOM_BYTES)) for place in range(5)]
    entries = [TokenEntry(f"name-{place}", digest_of(token)) for place, token in enumerate(tokens)]
    assert [entry_of(token, entries) for token in tokens] == entries
    assert entry_of(TOKEN, entries) is None


def test_all_entries_are_compared_wherever_the_right_one_is() -> None:
    tokens = [token_of(bytes([place] * RANDOM_BYTES)) for place in range(5)]
    entries = [TokenEntry(f"name-{place}", digest_of(token)) for place, token in enumerate(tokens)]
    for token in (*tokens, TOKEN):
        compared: list[str] = []

        def same(one: str, other: str, compared: list[str] = compared) -> bool:
            compared.append(one)
            return hmac.compare_digest(one, other)

        entry_of(token, entries, same)
        assert compared == [entry.sha256 for entry in entries]


def test_a_token_is_over_once_it_has_ended_or_was_revoked() -> None:
    entry = TokenEntry("ci", digest_of(TOKEN), expires=1_800_000_000)
    assert entry.over(1_799_999_999.9) == ""
    assert entry.over(1_800_000_000) == "ended 2027-01-15T08:00:00Z"
    assert TokenEntry("ci", digest_of(TOKEN), revoked=1_800_000_000).over(1_800_000_001).startswith("revoked 2027")
    assert TokenEntry("ci", digest_of(TOKEN)).over(9e9) == ""


@pytest.mark.parametrize("name", ["", "a b", "*", "group:x", "-x", "x" * 65, "\u00e9", "0123456789ab", "a/b"])
def test_what_could_be_taken_for_something_else_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        checked_name(name)


def test_names_of_people_and_programs_are_names() -> None:
    for name in ("web-ci", "alice@example.org", "grafana_2", "a+b.c"):
        assert checked_name(name) == name
