"""One setting: how it is called in each place where it can be given, how it is read, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logagent.config import values

ENVIRONMENT = "LOGAGENT_"
"""The beginning of the names of environment variables. Unknown names that begin so are ignored: container platforms set
variables such as LOGAGENT_PORT for a service that is named logagent."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        read: reads a text as typed; raises ValueError.
        help: what the setting means, in one phrase.
        unit: of the value, or its form.
        default: as one would type it.
        otherwise: in words, the value that holds if none is given and there is no `default`.
        repeatable: whether it may be given several times.
        between: what stands between several values in the environment.
        in_file_only: whether it is a table too large for a flag or a variable.
        restart: whether another value counts only once the agent is started anew.
    """

    name: str
    read: Callable[[str], object]
    help: str
    unit: str = ""
    default: str = ""
    otherwise: str = ""
    repeatable: bool = False
    between: str = ","
    in_file_only: bool = False
    restart: bool = False

    @property
    def flag(self) -> str:
        """The flag of `logagent serve`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT + self.name.upper()

    @property
    def is_switch(self) -> bool:
        """Whether it is either true or false."""
        return self.read is values.switch

    @property
    def shown_default(self) -> str:
        """The value that holds if none is given, as documentation shows it."""
        return self.default or self.otherwise
