"""What `/hosts` answers: the hosts that an agent knows, and the sources in which it finds others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from logagent.core.wire.hosts import HostState, host_from_json, host_to_json
from logagent.core.wire.told_sources import ToldSource, source_from_json, source_to_json


class HostList(NamedTuple):
    """The hosts that an agent knows, and the sources in which it finds others.

    Attributes:
        hosts: by name.
        sources: None: whoever asks may not know them, or the agent is too old to tell.
    """

    hosts: Sequence[HostState]
    sources: Sequence[ToldSource] | None = None


def list_to_json(told: HostList) -> dict[str, object]:
    """Make the members of an answer of `/hosts`."""
    hosts: dict[str, object] = {"hosts": list(map(host_to_json, told.hosts))}
    return hosts if told.sources is None else hosts | {"sources": list(map(source_to_json, told.sources))}


def list_from_json(document: object) -> HostList:
    """Read an answer of `/hosts`, of an agent of any version.

    Raises:
        ValueError: if it is none.
    """
    if not isinstance(document, dict) or not isinstance(document.get("hosts"), list):
        raise ValueError("not a list of hosts")
    sources = document.get("sources")
    read = [*map(source_from_json, sources)] if isinstance(sources, list) else None
    return HostList([*map(host_from_json, document["hosts"])], read)
