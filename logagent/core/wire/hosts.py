"""The hosts that an agent knows: their state, its conversion to JSON and back, and how a query selects hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from logagent.core.globs import is_glob
from logagent.core.outcome import Failure, Status
from logagent.core.times import moments
from logagent.core.times.moments import whole_second
from logagent.core.units import SECOND

_SHOWN = 20
"""Names listed in a refusal: enough to notice a typing error, without filling the screen."""


@dataclass(frozen=True, slots=True)
class HostState:
    """One agent, as seen from the agent that was asked.

    Attributes:
        version: of its program; empty if it is not known.
        round_trip: seconds that its last answer took; None if it did not answer.
        message: why it is not reachable, or does not answer the agent that was asked, or what is to be done soon.
        certificate_ends: when its certificate ends, in seconds since the epoch; None: it has none, or it is not known.
        labels: values by the names of labels.
        labels_known: whether it has no further labels, since it has told its own.
        found_by: what named it to the agent that was asked; empty: it is that agent, or it is not known.
        stale_since: when it vanished from where it was found, in seconds since the epoch; None: it stands there.
        via: the primaries that tell it, with `/` between them, the topmost first; empty: it was asked itself.
        down_since: when the first of the attempts to connect to it failed that have failed in a row, in seconds since
            the epoch; None: it is not known to be down.
        last_tried: when the last of them failed.
        next_try: from when on a question waits for it again, where until then each tries it in passing; an agent that
            has not proved its name is asked for it then.
    """

    name: str
    url: str
    reachable: bool
    version: str = ""
    round_trip: float | None = None
    message: str = ""
    certificate_ends: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    labels_known: bool = False
    found_by: str = ""
    stale_since: float | None = None
    via: str = ""
    down_since: float | None = None
    last_tried: float | None = None
    next_try: float | None = None


def host_to_json(state: HostState) -> dict[str, object]:
    """Make a member of the list `hosts` in an answer of `/hosts`."""
    return {
        "name": state.name,
        "url": state.url,
        "reachable": state.reachable,
        "version": state.version,
        "round_trip_ms": None if state.round_trip is None else round(state.round_trip * 1000, 3),
        "message": state.message,
        "certificate_ends": spelled_moment(state.certificate_ends),
        "labels": dict(sorted(state.labels.items())),
        "labels_known": state.labels_known,
        "found_by": state.found_by,
        "stale_since": spelled_moment(state.stale_since),
        "via": state.via,
        "down_since": spelled_moment(state.down_since),
        "last_tried": spelled_moment(state.last_tried),
        "next_try": spelled_moment(state.next_try),
    }


def host_from_json(member: object) -> HostState:
    """Read a member of the list `hosts` in an answer of `/hosts`.

    Raises:
        ValueError: if it is no object, or lacks `name` or `reachable`; other missing members count as unknown.
    """
    if not isinstance(member, dict) or not {"name", "reachable"} <= member.keys():
        raise ValueError("not a host")
    return HostState(
        name=read_text(member["name"]),
        url=read_text(member.get("url")),
        reachable=member["reachable"] is True,
        version=read_text(member.get("version")),
        round_trip=_seconds(member.get("round_trip_ms")),
        message=read_text(member.get("message")),
        certificate_ends=read_moment(member.get("certificate_ends")),
        labels=_labels(member.get("labels")),
        labels_known=member.get("labels_known") is True,
        found_by=read_text(member.get("found_by")),
        stale_since=read_moment(member.get("stale_since")),
        via=read_text(member.get("via")),
        down_since=read_moment(member.get("down_since")),
        last_tried=read_moment(member.get("last_tried")),
        next_try=read_moment(member.get("next_try")),
    )


def rfc3339(seconds: float) -> str:
    """Spell seconds since the epoch as RFC 3339 does, in UTC."""
    return f"{whole_second(int(seconds))}Z"


def spelled_moment(seconds: float | None) -> str | None:
    """Spell seconds since the epoch as RFC 3339 does; None stays None."""
    return None if seconds is None else rfc3339(seconds)


def read_moment(text: object) -> float | None:
    """Read what `spelled_moment` spells, as seconds since the epoch; whatever else is None."""
    moment = moments.read(text, 0) if isinstance(text, str) else None
    return None if moment is None else moment / SECOND


def _seconds(milliseconds: object) -> float | None:
    try:
        return milliseconds / 1000 if isinstance(milliseconds, int | float) else None
    except OverflowError:
        return None


def _labels(given: object) -> dict[str, str]:
    return {read_text(name): read_text(value) for name, value in given.items()} if isinstance(given, dict) else {}


def read_text(value: object) -> str:
    """Return the text of a member; empty if it is missing or null."""
    return "" if value is None else str(value)


def chosen(asked: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return the known hosts that match names or globs, sorted; all of them if none are given.

    Raises:
        Failure: NOT_FOUND for a name or glob that matches no host, so that a misspelt host does not look like an empty
            answer.
    """
    names = sorted(known)
    for pattern in asked:
        if not any(_fits(name, pattern) for name in names):
            raise Failure(
                Status.NOT_FOUND, f"no host named {pattern}; {meant(pattern, names)}known are {listed(names)}"
            )
    return [name for name in names if not asked or any(_fits(name, pattern) for pattern in asked)]


def meant(typed: str, names: Sequence[str]) -> str:
    """Return a question for the name that somebody may have meant, to be put before what is known; empty: none."""
    near = get_close_matches(typed.lower(), names, 1)
    return f"is {near[0]} meant? " if near else ""


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or (is_glob(pattern) and fnmatchcase(name, pattern))


def listed(names: Sequence[str]) -> str:
    """Return names as people read them, and how many more there are if they are many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
