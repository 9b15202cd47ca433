"""What was searched for, as it stands in the agent's own log: as keyed hashes, unless the operator says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

HASH_BYTES = 8
"""Bytes of a hash: of a million different words, no two are likely to have the same."""
LEAST_KEY = 16
"""Bytes of a key at least: with a shorter one, or none, words could be guessed and tried."""
MOST_KEY = 64
"""Bytes of a key that the hash takes in; a longer one is hashed first."""
MOST_WORDS = 20
"""Words and patterns that a line tells of each kind; thousands may be asked for at once."""
LONGEST_WORD = 200
"""Characters of one that are shown."""


class SearchedFor:
    """Spells the words and patterns of questions.

    A word is the same hash wherever it is asked for, as long as the key is the same, so that one sees that two
    questions look for the same; without the key nobody can find out for what. The hash is BLAKE2b with a key
    (RFC 7693).

    Args:
        key: of the hashes, `LEAST_KEY` bytes at least.
        shown: whether words are shown as they are.
    """

    def __init__(self, key: bytes, *, shown: bool = False) -> None:
        self._key = key if len(key) <= MOST_KEY else blake2b(key).digest()
        self._shown = shown

    def spelled(self, words: Sequence[bytes]) -> list[str]:
        """Return words as a line tells them; of many, how many more there are."""
        told = [self._one(word) for word in words[:MOST_WORDS]]
        return told if len(words) <= MOST_WORDS else [*told, f"and {len(words) - MOST_WORDS:,} more"]

    def _one(self, word: bytes) -> str:
        if not self._shown:
            return f"hash:{blake2b(word, key=self._key, digest_size=HASH_BYTES).hexdigest()}"
        text = word.decode("utf-8", "backslashreplace")
        return text if len(text) <= LONGEST_WORD else f"{text[:LONGEST_WORD]}..."
