"""Another context made the current one: one line of the file changes, and nothing else in it."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from logagent.config.errors import ConfigError
from logagent.terminal.contexts.reading import NONE, ContextFile
from logagent.whole_file import replace_file

_LINE = re.compile(
    r"""^(?P<before>[ \t]*(?:current|"current"|'current')[ \t]*=[ \t]*)"""
    r"""(?:"[^"\n]*"|'[^'\n]*')(?=[ \t]*(?:\#[^\n]*)?\r?$)""",
    re.MULTILINE,
)
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def use(file: ContextFile, name: str) -> None:
    """Make a context the current one, in one step: whoever reads the file sees all of the old one or of the new one.

    Args:
        name: of the context; `none`: no context is used.

    Raises:
        ConfigError: if there is no such context, or the file cannot be written.
    """
    if name != NONE:
        file.named(name, "NAME")
    if file.current == ("" if name == NONE else name):
        return
    changed = _changed(file.text, name)
    if _read(changed) != {**tomllib.loads(file.text), "current": name}:
        raise ConfigError(
            str(file.path), f'its line of `current` is written in a way of its own: write current = "{name}"'
        )
    path = Path(os.path.realpath(file.path))
    try:
        status = path.stat()
        mode = stat.S_IMODE(status.st_mode)
        replace_file(path, changed.encode(), mode=mode, owner=status.st_uid, group=status.st_gid)
    except OSError as error:
        raise ConfigError(str(path), f"cannot be written: {(error.strerror or str(error)).lower()}") from None


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _changed(text: str, name: str) -> str:
    """Return the text with its line changed, or with one as its first."""
    table = _TABLE.search(text)
    head = text[: table.start()] if table else text
    line = _LINE.search(head)
    if line:
        return f'{text[: line.start()]}{line["before"]}"{name}"{text[line.end() :]}'
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if text.startswith(("\n", "\r\n")) else end
    return f'current = "{name}"{end}{gap}{text}'
