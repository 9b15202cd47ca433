"""Formats of time as people name them for some files: the text of the setting, taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from logagent.config import timezones, values

EXAMPLE = "'legacy/*.log=%d/%m/%y %H.%M;zone=Europe/Berlin;column=3'"
"""A format as it is typed."""
TABLE_EXAMPLE = 'files = "legacy/*.log", format = "%d/%m/%y %H.%M", zone = "Europe/Berlin", column = 3'
"""The same as a table in the file."""

_MEMBERS = ("files", "format", "zone", "column", "field", "separator")
_OPTION = re.compile(r";(zone|column|field|separator)=(;(?=;|\Z)|[^;]*)\Z")
_MISTYPED = re.compile(r";([a-z]+)=[^;%]*\Z")


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A format of time, and the files that it is for.

    Attributes:
        files: globs.
        format: in the terms of strptime; not checked yet.
        zone: of times that name none; None: that of the file.
        column: where it stands, counted from 1; None: at the beginning of the line, or in a field.
        field: the name of a field of JSON or logfmt; empty: none.
        separator: what stands between columns; empty: white space.
    """

    files: tuple[str, ...]
    format: str
    zone: tzinfo | None = None
    column: int | None = None
    field: str = ""
    separator: str = ""

    @property
    def how(self) -> dict[str, Any]:
        """All but the files and the format itself, by name."""
        return {"zone": self.zone, "column": self.column, "field": self.field, "separator": self.separator}


def as_text(table: Mapping[str, object]) -> str:
    """Return a table as a text that `time_format` reads."""
    return json.dumps(table)


def time_format(text: str) -> TimeFormat:
    """Read a format as it is typed, such as `legacy/*.log=%d/%m/%y %H.%M;column=3`, or a table of it as JSON.

    Raises:
        ValueError: whose message says what would be right.
    """
    return _checked(_table(text) if text.startswith("{") else _typed(text))


def _table(text: str) -> dict[str, object]:
    try:
        table: dict[str, object] = json.loads(text)
    except ValueError:
        raise ValueError(f"must be a glob and a format, such as {EXAMPLE}, or a JSON object of these") from None
    return table


def _typed(text: str) -> dict[str, object]:
    files, equals, rest = text.partition("=")
    options: dict[str, object] = {}
    while option := _OPTION.search(rest):
        if option[1] in options:
            raise ValueError(f"{option[1]} is given twice")
        if not option[2]:
            raise ValueError(f"{option[1]} is empty")
        options[option[1]] = option[2]
        rest = rest[: option.start()]
    if mistyped := _MISTYPED.search(rest):
        raise ValueError(f"{mistyped[1]} is not known; known are zone, column, field, separator")
    if not equals or not files or not rest:
        raise ValueError(f"must be a glob and a format, such as {EXAMPLE}")
    return {"files": files, "format": rest, **options}


def _checked(given: Mapping[str, object]) -> TimeFormat:
    if unknown := sorted(given.keys() - set(_MEMBERS)):
        raise ValueError(f"{unknown[0]} is not known; known are {', '.join(_MEMBERS)}")
    files = given.get("files", ())
    globs = tuple(files) if isinstance(files, list | tuple) else (files,)
    if not globs or not all(isinstance(glob, str) and glob for glob in globs) or not given.get("format"):
        raise ValueError(f"must have files and a format, such as {TABLE_EXAMPLE}")
    for name in ("format", "zone", "field", "separator"):
        if not isinstance(given.get(name, ""), str):
            raise ValueError(f"{name} must be a text")
    return TimeFormat(
        tuple(map(str, globs)),
        str(given["format"]),
        timezones.named(str(given["zone"])) if given.get("zone") else None,
        _column(given.get("column")),
        str(given.get("field", "")),
        str(given.get("separator", "")).replace("\\t", "\t"),
    )


def _column(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not re.fullmatch("[0-9]{1,4}", str(given), re.ASCII) or int(str(given)) == 0:
        raise ValueError(f"column must be a whole number from 1, not {values.shown(str(given))}")
    return int(str(given))
