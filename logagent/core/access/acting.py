"""Which agents may ask for others, and for whom: what a host holds true of the callers that its peers tell it of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

from logagent.core.access.caller import Caller, Proof
from logagent.core.globs import is_glob

MOST_LINKS = 8
"""Agents that a question may have come through: more levels than a fleet has."""


class Acting:
    """The agents that may ask for others.

    Args:
        kinds: the kinds of identities that each may claim, by the name in its certificate or a glob of such names.
            Where the very name stands, globs do not count for it.
        host: the name of the agent that they ask.
    """

    def __init__(self, kinds: Mapping[str, Collection[str]] | None = None, host: str = "") -> None:
        self._kinds = {name.lower(): frozenset(of) for name, of in (kinds or {}).items()}
        self._host = host

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def agents(self, names: Iterable[str]) -> list[str]:
        """Return those of some names whose agents may ask for somebody."""
        return [name for name in names if self._claims(name)]

    def line_for(self, name: str, kinds: Iterable[str] = ("token", "unix")) -> str:
        """Return which line of the asked agent's settings would let another one ask for others, for people."""
        line = f'"{name}" = "{", ".join(kinds)}"'
        return f"a line under [acting] in the settings of {self._host}, such as {line}, would allow it"

    def objection(self, caller: Caller, certified: Iterable[str]) -> str:
        """Return why a caller is not taken for whom an agent asks; empty if he is.

        Args:
            caller: as the agent tells of him, with the chain of those through which he asks.
            certified: the names in that agent's certificate.
        """
        last = caller.chain[-1] if caller.chain else ""
        if last.lower() not in {name.lower() for name in certified}:
            return f"it says that {last or 'nobody'} asks, which is no name in its certificate"
        return self._fault_of(caller)

    def still_takes(self, caller: Caller) -> bool:
        """Return whether a caller who was taken would still be."""
        return not self._fault_of(caller)

    def _fault_of(self, caller: Caller) -> str:
        links = [link.lower() for link in caller.chain]
        if len(links) > MOST_LINKS:
            return f"the question came through {len(links)} agents, which are more than {MOST_LINKS}"
        if len(set(links)) < len(links) or self._host.lower() in links:
            return f"the question goes in a circle: {', '.join(caller.chain)}, and {self._host}"
        if caller.proof is Proof.UNIX and caller.name.rpartition("@")[2].lower() != links[0]:
            return f"{caller.identity} is no user of {caller.chain[0]}, the agent that was asked first"
        for link in caller.chain:
            if caller.proof not in self._claims(link):
                line = self.line_for(link, [*sorted(self._claims(link)), caller.proof])
                return f"{link} may not ask for {caller.proof} here; {line}"
        return ""

    def _claims(self, name: str) -> frozenset[str]:
        name = name.lower()
        globs = (of for glob, of in self._kinds.items() if is_glob(glob) and fnmatchcase(name, glob))
        return self._kinds.get(name) or frozenset[str]().union(*globs)
