"""Where times stand, in words."""

from __future__ import annotations

import pytest

from logagent.core.times.place_words import in_words
from logagent.core.times.places import Kind, TimePlace, candidates


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"2000-10-10 13:55:36 ready", "at the beginning"),
        (b"1732356672 ready", "at the beginning"),
        (b"[2000-10-10 13:55:36] ready", "at the beginning, in ["),
        (b"app 2000-10-10 13:55:36 ready", "behind 1 word"),
        (b'10.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /"', "behind 3 words, in ["),
        (b"INFO t=2000-10-10T13:55:36 ready", "behind 1 word, behind a="),
        (b"  2000-10-10 13:55:36 ready", "indented"),
        (b'{"ts":"2000-10-10T13:55:36Z"}', "field ts"),
        (b"level=info ts=2000-10-10T13:55:36Z", "field ts"),
        (b'  "ts": "2000-10-10T13:55:36Z",', "field ts of objects over many lines"),
    ],
)
def test_a_place_is_said_in_words(line: bytes, expected: str) -> None:
    assert in_words(next(candidates(line)).place) == expected


def test_a_named_place_is_said_in_the_same_words() -> None:
    assert in_words(TimePlace(Kind.TEXT, "%F", 2)) == "behind 2 words"
