"""The globs of hosts and files in rules, checked: one that matches nothing would deny nothing, or allow nothing."""

from __future__ import annotations

import fnmatch
import json
import re

_NOTHING = "(?!)"
"""What `fnmatch` makes of a range without characters."""


def host(text: str) -> str:
    """Read the name of a host, or a glob of such names.

    Raises:
        ValueError: with what would be right.
    """
    if not re.fullmatch(r"[A-Za-z0-9._*?\[\]!-]+", text, re.ASCII):
        raise ValueError(
            f"{json.dumps(text)} is no host's name or glob, such as web-1 or web-*; of several write a list"
        )
    _check_brackets(text)
    return text


def file(text: str) -> str:
    """Read a glob of files: `GLOB` below any root, `ROOT:GLOB` below one, `DIRECTORY/` for all below it.

    Raises:
        ValueError: with what would be right.
    """
    if not text or not text.isprintable():
        raise ValueError(f"{json.dumps(text)} is no glob of files, such as app.log, nginx/ or **/*.log")
    glob = _below_a_root(text)
    if glob.startswith("/"):
        raise ValueError(f"{text} begins with /: files are named below the roots, such as nginx/*.log of /var/log")
    for literal, instead in (("{", "[{]"), ("}", "[}]"), (",", "[,]"), ("\\", r"[\]")):
        if literal in re.sub(r"\[.\]", "", text):
            raise ValueError(
                f"{text}: {literal} has no meaning here; of several globs write a list, and {instead} if it is in a "
                "file's name"
            )
    for part in glob.removesuffix("/").split("/"):
        _check_component(text, part)
    return text


def _below_a_root(text: str) -> str:
    """Return a glob without `ROOT:`, or without what a file's name may have before a colon."""
    root, colon, glob = text.partition(":")
    return glob if colon and (root == "/" or not re.search(r"[/*?\[]", root)) else text


def _check_component(text: str, part: str) -> None:
    if part in ("", ".", ".."):
        raise ValueError(
            f"{text}: no file's name has {part or 'two / together, or none'} in it; write such as nginx/*.log"
        )
    if "**" in part and part != "**":
        raise ValueError(f"{text}: ** stands for directories, alone between two /, such as **/*.log; write * otherwise")
    _check_brackets(part, text)


def _check_brackets(part: str, text: str = "") -> None:
    whole = text or part
    if _NOTHING in fnmatch.translate(part):
        raise ValueError(f"{whole}: a range in brackets goes upwards, such as [0-9]; this one matches nothing")
    if _is_unclosed(part):
        raise ValueError(f"{whole}: [ is not closed; write [[] if it is in the name itself")


def _is_unclosed(part: str) -> bool:
    place = part.find("[")
    while place >= 0:
        begin = place + 1 + (part[place + 1 : place + 2] == "!")
        end = part.find("]", begin + 1)
        if end < 0:
            return True
        place = part.find("[", end)
    return False
