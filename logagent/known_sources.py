"""The sources in which an agent finds others, as far as a caller may know of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logagent.core.access.caller import Caller
from logagent.core.access.rules import Rules, What
from logagent.core.wire.told_sources import ToldSource


class KnownSources:
    """The sources in which an agent finds others.

    Args:
        told: returns how each of them fares; None: there are none.
        rules: say who may know of them: whoever may see every host that there could be.

    Attributes:
        finds: whether other agents may come and go while the agent runs.
    """

    def __init__(self, told: Callable[[], Sequence[ToldSource]] | None = None, rules: Rules | None = None) -> None:
        self.finds = told is not None
        self._told = told or tuple
        self._rules = rules or Rules()

    def shown_to(self, caller: Caller) -> list[ToldSource] | None:
        """Return how each fares; None: the caller may not know of them, since they name files and hosts."""
        return [*self._told()] if self._rules.shows_any_host(caller, What.HOSTS) else None
