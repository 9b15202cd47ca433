"""What is found is data: addresses, names and labels of targets are checked, and what is wrong with one is told."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence

from logagent.peers.target import Target

SCHEMES = ("https", "http")
"""How a target may be asked. `ssh://` and `unix:` start programs, or reach into this machine: only settings may."""
MAX_LABELS = 64
"""Labels of a target at most: each is shown with its host."""
MAX_VALUE = 256
"""Characters of a label's value at most, for the same reason."""
SHOWN = 80
"""Characters that are shown of what is wrong."""

_SCHEME, _NAME, _PRIMARY = "__scheme__", "__logagent_name__", "__logagent_primary__"
_SWITCH = {"true": True, "false": False}
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_HOST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", re.ASCII)
_PART = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/@?#\s]+))(?::([0-9]{1,5}))?", re.ASCII)


class UnusableTarget(Exception):
    """A target cannot be used; the message names it, and says what would be right."""


def shown(text: object) -> str:
    """Return what was found as it may stand in a message: quoted, without control characters, and cut."""
    quoted = ascii(text)
    return quoted if len(quoted) <= SHOWN else f"{quoted[:SHOWN]}..."


def domain_name(text: str) -> str:
    """Return a name of DNS in small letters, without a dot at its end.

    Raises:
        UnusableTarget: if it is none, or could be taken for a number.
    """
    name = text.removesuffix(".").lower()
    parts = name.split(".")
    if len(name) > 253 or not all(map(_PART.fullmatch, parts)):
        raise UnusableTarget(f"{shown(text)} is no host name")
    if _NUMBER.fullmatch(parts[-1]):  # 127.1 and 0x7f000001 are addresses for getaddrinfo(3), and names for others
        raise UnusableTarget(f"{shown(text)} is neither a host name nor an address in its full form")
    return name


def host_in_url(text: str) -> str:
    """Return a host as it stands in a URL: a name, an IPv4 address, or an IPv6 address in brackets.

    Raises:
        UnusableTarget: if it is neither.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return domain_name(text)
    if address.is_unspecified or address.is_multicast or "%" in text:
        raise UnusableTarget(f"{shown(text)} is no address of one agent")
    return f"[{address}]" if address.version == 6 else str(address)


def url_of(host: str, port: int, scheme: str = "https", *, cleartext: bool = False) -> str:
    """Return the URL of an agent.

    Args:
        host: a name, or an address without brackets.
        port: from 1 to 65535.
        scheme: https, or http.
        cleartext: whether http may lead to another machine.

    Raises:
        UnusableTarget: if it may not be asked there.
    """
    where = host_in_url(host)
    if not 0 < port <= 65535:
        raise UnusableTarget(f"{where}:{port} has no port from 1 to 65535")
    if scheme not in SCHEMES:
        raise UnusableTarget(f"{shown(scheme)} is no scheme of a target that is found: https, or http")
    if scheme == "http" and not cleartext and not _is_loopback(host):
        raise UnusableTarget(
            f"http://{where}:{port} leads to another machine in cleartext; use https, or allow_cleartext"
        )
    return f"{scheme}://{where}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def targets_of_group(
    addresses: Sequence[str], labels: Mapping[str, str], found_by: str, *, cleartext: bool = False
) -> tuple[list[Target], list[str]]:
    """Return the targets of a group in a file, and what is wrong with others of them, a sentence each.

    Args:
        addresses: each a host and a port, before which a scheme may stand.
        labels: of all of them; of those that begin with two underscores, `__scheme__`, `__logagent_name__` and
            `__logagent_primary__` mean something, and the others are dropped.
        found_by: where they were found.
        cleartext: whether http may lead to another machine.

    Raises:
        UnusableTarget: for labels that cannot be used.
    """
    name, primary = _own_name(labels.get(_NAME, "")), _is_primary(labels.get(_PRIMARY, "false"))
    kept, urls, wrong = _kept(labels), [], []
    for address in addresses:
        try:
            urls.append(_url_in(address, labels.get(_SCHEME, "https"), cleartext=cleartext))
        except UnusableTarget as bad:
            wrong.append(str(bad))
    each = [tuple(dict.fromkeys(urls))] if name and urls else [(url,) for url in dict.fromkeys(urls)]
    found = [Target(urls=one, name=name, labels=kept, primary=primary, found_by=found_by) for one in each]
    return found, wrong


def _url_in(text: str, scheme: str, *, cleartext: bool) -> str:
    given, slashes, rest = text.rpartition("://")
    spelled = _ADDRESS.fullmatch(rest.removesuffix("/") if slashes else rest)
    if slashes and given not in SCHEMES:
        raise UnusableTarget(f"{shown(text)} is not taken: a target that is found is asked by https, or by http")
    if spelled is None or spelled[3] is None:
        raise UnusableTarget(f"{shown(text)} is no target: a host and a port, such as 10.0.0.2:8443")
    return url_of(spelled[1] or spelled[2], int(spelled[3]), given or scheme, cleartext=cleartext)


def _own_name(text: str) -> str:
    if text and not _HOST_NAME.fullmatch(text):
        raise UnusableTarget(f"{_NAME} is {shown(text)}: letters, digits, dots, hyphens, underscores are right")
    return text


def _is_primary(text: str) -> bool:
    if text not in _SWITCH:
        raise UnusableTarget(f"{_PRIMARY} is {shown(text)}: true or false is right")
    return _SWITCH[text]


def _kept(labels: Mapping[str, str]) -> dict[str, str]:
    kept = {label: value for label, value in labels.items() if not label.startswith("__")}
    if len(kept) > MAX_LABELS:
        raise UnusableTarget(f"{len(kept)} labels are more than {MAX_LABELS}")
    for label, value in kept.items():
        check_label(label, value)
    return kept


def check_label(label: str, value: str) -> None:
    """Check the name and the value of a label.

    Raises:
        UnusableTarget: for one that cannot be used.
    """
    if not _LABEL.fullmatch(label):
        raise UnusableTarget(f"{shown(label)} is no name of a label: letters, digits, underscores, and no digit first")
    if len(value) > MAX_VALUE or not value.isprintable():
        raise UnusableTarget(f"the label {label} is {shown(value)}: at most {MAX_VALUE} characters, each printable")
