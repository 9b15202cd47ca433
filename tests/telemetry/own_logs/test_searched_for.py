"""What was searched for, in the agent's own log: equal words are seen to be equal, and nobody reads them."""

from __future__ import annotations

from logagent.telemetry.own_logs.searched_for import LONGEST_WORD, MOST_WORDS, SearchedFor

ONE, OTHER = b"1" * 32, b"2" * 32


def test_equal_words_have_one_hash_under_one_key() -> None:
    first, again = SearchedFor(ONE).spelled([b"alice", b"bob"]), SearchedFor(ONE).spelled([b"bob", b"alice"])
    assert first == again[::-1]
    assert len({*first, *SearchedFor(OTHER).spelled([b"alice", b"bob"])}) == 4
    assert all(word.startswith("hash:") and len(word) == len("hash:") + 16 for word in first)


def test_a_long_key_counts_to_its_end() -> None:
    assert SearchedFor(b"k" * 100).spelled([b"alice"]) != SearchedFor(b"k" * 99 + b"l").spelled([b"alice"])


def test_words_are_shown_if_the_operator_says_so() -> None:
    shown = SearchedFor(ONE, shown=True).spelled([b"alice", b"\xff", b"x" * (LONGEST_WORD + 1)])
    assert shown == ["alice", "\\xff", "x" * LONGEST_WORD + "..."]


def test_of_many_words_some_are_told() -> None:
    told = SearchedFor(ONE, shown=True).spelled([b"%d" % number for number in range(1000 + MOST_WORDS)])
    assert len(told) == MOST_WORDS + 1
    assert told[-1] == "and 1,000 more"
