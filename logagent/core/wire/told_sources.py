"""The sources in which an agent finds others, as it tells how they fare: their conversion to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass

from logagent.core.wire.hosts import read_moment, read_text, spelled_moment

UNLOOKED = "was not looked at yet"
"""What is wrong with a source right after its agent has begun."""


@dataclass(frozen=True, slots=True)
class ToldSource:
    """A source in which an agent finds others: a file of targets, or a name in DNS.

    Attributes:
        name: as it stands in the settings.
        kind: `file` or `dns`.
        found_by: what hosts that are found in it say of that; of a glob, one of its files.
        agents: how many it gives now, or gave when it was last read.
        last_read: when it was last read, in seconds since the epoch; None: never.
        fault: why it cannot be used now, in a sentence; empty: it can.
        fault_since: when that began, in seconds since the epoch; None: it can be used.
        wrong: what is wrong with some of what it gives, or that it is not there: the first sentences.
        is_absent: whether it is a file that was never there; never known of another agent's sources.
        is_kept: whether what was found in it before a reload still counts; never known likewise.
    """

    name: str
    kind: str
    found_by: str
    agents: int = 0
    last_read: float | None = None
    fault: str = ""
    fault_since: float | None = None
    wrong: tuple[str, ...] = ()
    is_absent: bool = False
    is_kept: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether nobody knows which hosts it names, since it was never read, though it may well be there."""
        return self.last_read is None and not self.is_absent and not self.is_kept

    @property
    def trouble(self) -> str:
        """What people are to know of it; empty: nothing."""
        return self.fault or "; ".join(self.wrong)


def source_to_json(source: ToldSource) -> dict[str, object]:
    """Make a member of the list `sources` in an answer of `/hosts`."""
    return {
        "name": source.name,
        "kind": source.kind,
        "found_by": source.found_by,
        "agents": source.agents,
        "last_read": spelled_moment(source.last_read),
        "fault": source.fault,
        "fault_since": spelled_moment(source.fault_since),
        "wrong": list(source.wrong),
    }


def source_from_json(member: object) -> ToldSource:
    """Read a member of the list `sources` in an answer of `/hosts`.

    Raises:
        ValueError: if it is no object, or has no name; other missing members count as unknown.
    """
    if not isinstance(member, dict) or not isinstance(member.get("name"), str):
        raise ValueError("not a source")
    agents, wrong = member.get("agents"), member.get("wrong")
    return ToldSource(
        member["name"],
        read_text(member.get("kind")),
        read_text(member.get("found_by")) or member["name"],
        agents if isinstance(agents, int) else 0,
        read_moment(member.get("last_read")),
        read_text(member.get("fault")),
        read_moment(member.get("fault_since")),
        tuple(map(read_text, wrong)) if isinstance(wrong, list) else (),
    )
