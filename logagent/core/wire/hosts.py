"""What an agent knows of a host, its own or a peer, and which hosts a query means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from logagent.core.globs import is_glob
from logagent.core.outcome import Failure, Status

_SHOWN = 20
"""Names listed in a refusal: enough to find a typing error by, without filling the screen."""


@dataclass(frozen=True, slots=True)
class HostState:
    """An agent as seen from the one that was asked.

    Attributes:
        name: of its host.
        url: where it is reached.
        reachable: whether it answered.
        version: of its logagent; empty if it did not answer.
        round_trip: seconds until it answered; None if it was not asked, or did not answer.
        message: why it is not reachable.
    """

    name: str
    url: str
    reachable: bool
    version: str = ""
    round_trip: float | None = None
    message: str = ""


def chosen(asked: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return the known hosts that a query asks for, sorted.

    Args:
        asked: names or globs; none: all hosts.
        known: the names of all hosts that the agent knows.

    Raises:
        Failure: NOT_FOUND, for a name or glob that fits none, since a misspelt host is not an empty answer.
    """
    names = sorted(known)
    for pattern in asked:
        if not any(_fits(name, pattern) for name in names):
            raise Failure(Status.NOT_FOUND, f"no host named {pattern}; known are {_listed(names)}")
    return [name for name in names if not asked or any(_fits(name, pattern) for pattern in asked)]


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or (is_glob(pattern) and fnmatchcase(name, pattern))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
