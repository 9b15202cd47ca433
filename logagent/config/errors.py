"""The error of everything that people configure or type."""

from __future__ import annotations


class ConfigError(Exception):
    """A setting or an argument that cannot be used.

    Attributes:
        where: the flag, variable, file or key that it came from.
        reason: what would be right, in one line.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def told_by_system(error: OSError) -> str:
    """Return what the system says of an error, behind the file that it is about, in one line."""
    return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
