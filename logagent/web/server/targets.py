"""What a request is for: its target and its authority, understood strictly.

An authority that cannot be parsed makes everything above fail that builds a URL of it.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import NamedTuple

MOST_PORT = 65535

_LABEL = rb"[A-Za-z0-9_~!$&'()*+,;=%-]{1,63}"
_AUTHORITY = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|(?:%b(?:\.%b)*\.?)?)(?::([0-9]{0,5}))?" % (_LABEL, _LABEL))
"""A host and a port (RFC 3986, 3.2.2), without a user's name; each part of a name has 1 to 63 bytes (RFC 1035)."""
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)


class BadTarget(Exception):
    """A request's target or authority cannot be understood."""


class RequestTarget(NamedTuple):
    """What a request is for.

    Attributes:
        path: with the query.
        authority: host and port, if the target itself names them; they go before the field `Host`.
    """

    path: bytes
    authority: bytes | None


def parse_target(target: bytes) -> RequestTarget:
    """Parse the target of a request: a path with or without a query, a whole URL, or `*`.

    Raises:
        BadTarget: for anything else.
    """
    if target.startswith(b"/") and target.isascii():
        return RequestTarget(target, None)
    if target == b"*":
        return RequestTarget(target, None)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or not target.isascii() or not absolute[1]:
        raise BadTarget("the target of the request is neither a path nor a URL")
    check_authority(absolute[1])
    return RequestTarget(absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2], absolute[1])


def check_authority(authority: bytes) -> None:
    """Check a host, with or without a port; an empty one is fine.

    Raises:
        BadTarget: when it is none.
    """
    found = _AUTHORITY.fullmatch(authority)
    if found is None or (found[1] and not _is_ipv6(found[1])) or int(found[2] or 0) > MOST_PORT:
        raise BadTarget("the host of the request is none")


def _is_ipv6(text: bytes) -> bool:
    try:
        IPv6Address(text.decode("ascii"))
    except ValueError:
        return False
    return True
