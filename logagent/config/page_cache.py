"""How the page cache is used: the setting, and from how large a log on it is left as it was."""

from __future__ import annotations

import re
from pathlib import Path

CHOICES = ("auto", "keep", "leave")
SHARE = 10
"""The part of the memory, as one of so many, that the files of one log may have in the page cache: others need it."""


def choice(text: str) -> str:
    """Read how the page cache is used.

    Raises:
        ValueError: for any other text.
    """
    if text not in CHOICES:
        raise ValueError("must be auto, keep or leave")
    return text


def leaves_from(chosen: str, root: Path = Path("/")) -> int | None:
    """Return the bytes of a log's files from which on the page cache is left as it was; None: never.

    Args:
        chosen: one of `CHOICES`.
        root: of the file system, or its stand-in.
    """
    if chosen != "auto":
        return 0 if chosen == "leave" else None
    memory = _memory(root)
    return None if memory is None else memory // SHARE


def _memory(root: Path) -> int | None:
    """Return the bytes of memory that this process may have: those of its control group, or of the machine."""
    told = re.search(r"^MemTotal:\s+(\d+) kB$", _text_of(root / "proc/meminfo"), re.MULTILINE)
    known = [int(told[1]) * 1024] if told is not None else []
    return min([*known, *_limits(root)], default=None)


def _limits(root: Path) -> list[int]:
    """Return the limits of the control groups of this process, of either version, and of those above them."""
    groups = [
        line.split(":", 2)[1:] for line in _text_of(root / "proc/self/cgroup").splitlines() if line.count(":") > 1
    ]
    named = [(path, "memory.max", "sys/fs/cgroup") for kind, path in groups if not kind]
    named += [
        (path, "memory.limit_in_bytes", "sys/fs/cgroup/memory") for kind, path in groups if "memory" in kind.split(",")
    ]
    texts = [
        _text_of(root / mount / str(place).lstrip("/") / file)
        for path, file, mount in named
        for place in (Path(path), *Path(path).parents)
    ]
    return [int(text) for text in map(str.strip, texts) if text.isdigit()]


def _text_of(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
