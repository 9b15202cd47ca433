"""Who an agent is: the name that it says of itself, and random bits of its process; as it stands in headers.

Certificates are shared, machines cloned and addresses many, so none of these tells whether two names mean one agent.
The bits are made when a process starts; they are neither stored nor derived from anything.
"""

from __future__ import annotations

import re
from typing import NamedTuple

AGENT_HEADER = "log-agent"
"""The header of every response that says who answers: `"web-1";id="0f..."`; agents of the first version lack it."""
ASKED_AS_HEADER = "log-asked-as"
"""The header of an agent's request to another: the name by which it lists that one, and the bits of the agent that
asks. Who is not meant by that name, or asks itself, refuses at once and reads nothing; agents of the first version
answer all the same."""
ID_BYTES = 16
"""Random bytes of a process: 128 bits do not come twice, however many agents there are."""

_IDENTITY = re.compile(r'"([A-Za-z0-9][A-Za-z0-9._-]{0,254})";id="([0-9a-f]{32})"', re.ASCII)


class BadIdentity(ValueError):
    """A header does not say who an agent is."""


class Identity(NamedTuple):
    """Who an agent is.

    Attributes:
        name: which it says of itself, or by which it is listed.
        id: random bits of its process, in hexadecimal digits.
    """

    name: str
    id: str


def to_header(identity: Identity) -> str:
    """Return the value of a header that names an agent."""
    return f'"{identity.name}";id="{identity.id}"'


def from_header(value: str) -> Identity:
    """Read the value of a header that names an agent.

    Raises:
        BadIdentity: if it is none.
    """
    found = _IDENTITY.fullmatch(value)
    if found is None:
        raise BadIdentity(f"not the name and bits of an agent: {value[:40]!r}")
    return Identity(found[1], found[2])
