"""The arguments of `grep`, `tail`, `ls` and `cat` as typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from logagent.terminal.asking_arguments import PeersArguments, When


class UnixTyped(PeersArguments):
    """The arguments that all of them have.

    Attributes:
        operands: the words that are no flags.
        timeout: how long the command may take.
    """

    operands: Sequence[str]
    host: Sequence[str]
    no_rotated: bool
    timeout: str | None
    verbose: bool


class LinesTyped(UnixTyped):
    """The arguments of those that print lines."""

    since: str | None
    until: str | None


class GrepTyped(LinesTyped):
    """The arguments of `grep`; a letter that is not given is None.

    Attributes:
        regexp: the patterns given with -e.
        pattern_files: the files of patterns given with -f.
        dialect: the last one of the letters E, F, G and P.
        listed: whether files with a match are listed, or (False) those without one; None: neither.
        names: whether names of files are printed; None: if there are several.
    """

    regexp: Sequence[str]
    pattern_files: Sequence[str]
    dialect: Literal["E", "F", "G", "P"] | None
    ignore_case: bool | None
    invert: bool | None
    word: bool | None
    line: bool | None
    count: bool | None
    listed: bool | None
    only_matching: bool | None
    quiet: bool | None
    no_messages: bool | None
    line_number: bool | None
    names: bool | None
    recursive: bool | None
    text: bool | None
    max_count: str | None
    after: str | None
    before: str | None
    context: str | None
    color: When


class TailTyped(LinesTyped):
    """The arguments of `tail`.

    Attributes:
        headers: whether `==> FILE <==` is printed; None: if there are several files.
    """

    lines: str | None
    bytes: str | None
    follow: bool | None
    headers: bool | None


class CatTyped(LinesTyped):
    """The arguments of `cat`."""

    number: bool


class LsTyped(UnixTyped):
    """The arguments of `ls`; a letter that is not given is None.

    Attributes:
        by: what names are sorted by in place of themselves.
        directory: whether directories are listed themselves.
    """

    long: bool | None
    human: bool | None
    by: Literal["time", "size"] | None
    reverse: bool | None
    recursive: bool | None
    single: bool | None
    all: bool | None
    directory: bool | None
