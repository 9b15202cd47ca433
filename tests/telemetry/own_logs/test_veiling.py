"""Words of a question taken out of what another agent says."""

from __future__ import annotations

import pytest

from logagent.core.query import Query
from logagent.telemetry.own_logs.veiling import MOST_VEILED, veiled


@pytest.mark.parametrize(
    ("given", "message", "told"),
    [
        ({"regex": (b"(?secret-x:a)",)}, "(?secret-x: is not supported", "(?***-x: is not supported"),
        ({"keywords": (b"Secret",)}, "what is secret?", "what is ***?"),
        ({"exclude": (b"secret word",)}, "no word, no secret", "no ***, no ***"),
        ({"exclude_regex": (b"secret|secrets",)}, "secrets", "***"),
        ({"keywords": ("grüße".encode(),)}, "GRÜßE an alle", "*** an alle"),
        ({"keywords": (b"ab",)}, "ab", "ab"),
        ({}, "nothing was searched for", "nothing was searched for"),
        ({"keywords": tuple(b"word%d" % number for number in range(MOST_VEILED + 1))}, "anything", "***"),
    ],
)
def test_no_part_of_a_word_is_left(given: dict[str, tuple[bytes, ...]], message: str, told: str) -> None:
    assert veiled(message, Query.of(files=("a",), **given)) == told
