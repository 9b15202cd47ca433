"""The names by which an agent may be addressed, in `Host`, `:authority` and `Origin`.

A web page whose name its owner has resolve to this agent (DNS rebinding) makes a browser ask the agent in that page's
name. A browser always sends the name, so an agent that knows its names refuses such requests. An IP address is safe: a
browser sends it only if the page itself was loaded from there, or if a person typed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

LOCALHOST = "localhost"
"""The name of loopback on every machine (RFC 6761): browsers never look it up elsewhere."""

_HOST = r"(?:\[(?P<address>[0-9A-Fa-f:.]+)(?:%[\w.~-]+)?\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?"
_AUTHORITY = re.compile(_HOST, re.ASCII)
_ORIGIN = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*://{_HOST}", re.ASCII)
_ABSOLUTE_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>[^/?#\\]*)", re.ASCII)


class KnownNames:
    """The names by which an agent may be addressed, besides IP addresses and `localhost`.

    Args:
        names: in any case; `*.example.org` stands for each name with exactly one label in place of the asterisk, as in
            a certificate.
    """

    def __init__(self, names: Iterable[str]) -> None:
        known = {LOCALHOST, *map(_plain, names)}
        self._names = frozenset(name for name in known if not name.startswith("*."))
        self._parents = frozenset(name[2:] for name in known if name.startswith("*."))

    def in_authority(self, authority: str) -> bool:
        """Return whether `Host` or `:authority` names this agent.

        Args:
            authority: `host` or `host:port`; one with a user's name, or of any other form, names no agent.
        """
        return self._match(_AUTHORITY.fullmatch(authority))

    def in_origin(self, origin: str) -> bool:
        """Return whether a page of this origin was loaded from this agent's machine or by one of its names.

        Args:
            origin: `scheme://host:port`; `null`, which hides the page, names no agent.
        """
        return self._match(_ORIGIN.fullmatch(origin))

    def _match(self, spelled: re.Match[str] | None) -> bool:
        if spelled is None:
            return False
        if spelled["address"] is not None:
            return _is_address(spelled["address"])
        name = _plain(spelled["name"])
        first, _, parent = name.partition(".")
        return name in self._names or _is_address(name) or (bool(first) and parent in self._parents)


def authority_in_target(target: str) -> str | None:
    """Return the authority in the absolute form of a request's target (RFC 9112, 3.2.2); None in any other form.

    Args:
        target: such as `http://web-1:8000/logs` or `/logs`.
    """
    absolute = _ABSOLUTE_TARGET.match(target)
    return absolute["authority"] if absolute else None


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
