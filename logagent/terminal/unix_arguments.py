"""The commands that are called and used as programs of Unix, as typed; `terminal/unix` reads them further."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

UNIX_COMMANDS = ("grep", "tail", "cat", "ls")
"""Their names."""


@dataclass(frozen=True, slots=True)
class UnixArguments:
    """The arguments of one of these commands.

    Attributes:
        command: its name.
        given: the arguments by name; `terminal/unix` says which there are.
    """

    command: str
    given: dict[str, Any]
