"""The rows of the table that say how words that were searched for stand in the agent's own log."""

from __future__ import annotations

from pathlib import Path

from logagent.config.setting import Setting

HASHED, SHOWN = "hashed", "shown"
LEAST_KEY = 16
"""Bytes of the key in a file at least: with a shorter one, words could be guessed and tried."""
MOST_KEY = 4096
"""Bytes that are read of such a file: more than any tool that makes keys writes."""


def _how(text: str) -> str:
    if text not in (HASHED, SHOWN):
        raise ValueError(f"must be {HASHED} or {SHOWN}")
    return text


def _file(text: str) -> str:
    return text


LOG_WORDS = Setting(
    "log_words",
    _how,
    "how words and patterns that were searched for stand in the agent's own log: as hashes with a key, by which equal "
    "ones are seen to be equal, or as they are",
    f"{HASHED} or {SHOWN}",
    default=HASHED,
)
LOG_WORDS_KEY = Setting(
    "log_words_key",
    _file,
    f"the key of these hashes, {LEAST_KEY} bytes or more; where agents have the same, their hashes of a word are the "
    "same",
    "file",
    otherwise="a new one at each start",
)
WORDS_IN_OWN_LOG = (LOG_WORDS, LOG_WORDS_KEY)
"""Words in its own log."""


def key_in(file: Path) -> bytes:
    """Read a key; white space around it does not count.

    Raises:
        ValueError: if it cannot be read, or is too short.
    """
    try:
        if file.exists() and not file.is_file():
            raise ValueError(f"{file} is no file")
        with file.open("rb") as opened:
            key = opened.read(MOST_KEY).strip()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    if len(key) < LEAST_KEY:
        raise ValueError(f"{file} holds {len(key)} bytes; a key has {LEAST_KEY} or more")
    return key
