"""The way of a question through agents, and what an agent says of the hosts behind it; as they stand in headers.

An agent that asks a primary, or a host of its own where primaries are asked too, says which question it is and through
whom it came: `id="0f...", way=("top";id="1e..." "site-a";id="2d...")`, the topmost agent first. So nobody answers a
question twice, and a circle of primaries is noticed where it closes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from logagent.core.wire.caller import TAKES_HEADER
from logagent.core.wire.identity import Identity, from_header, to_header

THROUGH_HEADER = "log-through"
"""The header of a question that came through agents. Agents of earlier versions do not look at it."""
TAKES_THROUGH = "through"
"""What stands in `log-takes`: the agent looks at `THROUGH_HEADER`, and so can be asked as a primary."""
ASKS_HEADER = "log-asks"
"""The header of an answer to such a question: the names of the hosts that are asked for it, with commas between them.
If the answer breaks off, these are the hosts whose lines may be missing."""
REFUSED_HEADER = "log-refused"
"""The header of a refusal of such a question that is no failure, with one of the two following words."""
ELSEWHERE = "elsewhere"
"""The question is answered already, having come by another way."""
LOOP = "loop"
"""The question came through this agent before."""
UNMATCHED_TRAILER = "log-unmatched"
"""The trailer of an answer to such a question: the patterns of hosts that match none behind the agent."""
MAX_DEPTH = 8
"""Agents that a question comes through at most: more levels than any fleet has."""
MOST_ASKS = 8 * 1024
"""Bytes of `ASKS_HEADER` and of `UNMATCHED_TRAILER` at most: names of some 500 hosts."""

_HEADER = r'id="([0-9a-f]{32})", way=\(("[^()]{0,4096})\)'
_AGENT = r'"[^" ]{1,255}";id="[0-9a-f]{32}"'
_SAFE = " !#$&'()*/:;<=>?@[]^_`{|}~+"
"""What of a pattern stands in a trailer as it is, besides letters, digits and `-._`."""


class BadThrough(ValueError):
    """A header does not say properly by which way a question came."""


class NotAgain(Exception):
    """A question that came through agents is not answered here, which is no failure.

    Args:
        word: `ELSEWHERE` or `LOOP`.
    """

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Through:
    """By which way a question came.

    Attributes:
        id: random bits of the question, in hexadecimal digits: the topmost agent makes them.
        way: the agents that it came through, the topmost first.
    """

    id: str
    way: tuple[Identity, ...]

    def on(self, by: Identity) -> Through:
        """Return the way of the question that an agent asks on."""
        return replace(self, way=(*self.way, by))

    def passed(self, agent: Identity) -> bool:
        """Return whether the question came through an agent."""
        return any(one.id == agent.id for one in self.way)


def through_to_header(through: Through) -> str:
    """Return the value of the header that says by which way a question came."""
    return f'id="{through.id}", way=({" ".join(map(to_header, through.way))})'


def through_from_header(value: str) -> Through:
    """Read the value of such a header.

    Raises:
        BadThrough: if it is none.
    """
    found = re.fullmatch(_HEADER, value, re.ASCII)
    agents = re.findall(_AGENT, found[2]) if found else []
    if found is None or " ".join(agents) != found[2]:
        raise BadThrough(f"not the way of a question: {value[:40]!r}")
    try:
        return Through(found[1], tuple(map(from_header, agents)))
    except ValueError as error:
        raise BadThrough(str(error)) from None


def takes_through(headers: Mapping[str, str]) -> bool:
    """Return whether an agent can be asked as a primary, by the head of a response.

    Args:
        headers: of the response, by their names in lower case.
    """
    return TAKES_THROUGH in (word.strip() for word in headers.get(TAKES_HEADER, "").split(","))


def to_names(names: Iterable[str]) -> str:
    """Return names or patterns as one value, as many as there is room for."""
    spelled: list[str] = []
    room = MOST_ASKS
    for name in names:
        spelled.append(quote(name, safe=_SAFE))
        room -= len(spelled[-1]) + 1
        if room < 0:
            return ",".join(spelled[:-1])
    return ",".join(spelled)


def from_names(value: str) -> tuple[str, ...]:
    """Read names or patterns from such a value, what is too long of it left out."""
    return tuple(unquote(name) for name in value[:MOST_ASKS].split(",") if name)
