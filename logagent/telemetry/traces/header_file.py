"""The file of headers that a collector wants, such as a token, which others must not be able to read."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

LONGEST = 16 * 1024
"""Bytes of the file: a token that an identity provider has signed takes some thousand."""

_OTHERS_READ = stat.S_IRWXG | stat.S_IRWXO
_MANY_READ = _OTHERS_READ & ~stat.S_IRGRP
_HEADER = r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e]+?)[ \t]*"
_RESERVED = frozenset({"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection"})
"""The headers that say how a request is made, which is settled."""


def headers_in(path: Path) -> dict[str, str]:
    """Return the headers in a file, by their names in small letters; one of root's may be readable for a group.

    Raises:
        ValueError: if it cannot be read, if others can read it, or if it holds something else; nothing of it is quoted.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_mode & (_OTHERS_READ if status.st_uid else _MANY_READ):
                raise ValueError(f"others can read {path}, and so what is in it: `chmod 600 {path}`, and a new token")
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(text) > LONGEST:
        raise ValueError(f"{path} has more than {LONGEST} bytes")
    return dict(_header(number, line, path) for number, line in _lines(text))


def _lines(text: bytes) -> list[tuple[int, str]]:
    lines = enumerate(text.decode("latin-1").split("\n"), 1)
    return [(number, line.strip(" \t\r")) for number, line in lines if line.strip(" \t\r")]


def _header(number: int, line: str, path: Path) -> tuple[str, str]:
    read = re.fullmatch(_HEADER, line)
    if read is None or read[1].lower() in _RESERVED:
        raise ValueError(f"line {number} of {path} must be a header, such as Authorization: Bearer TOKEN")
    return read[1].lower(), read[2]
