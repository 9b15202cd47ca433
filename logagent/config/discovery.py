"""Settings of how agents are found: in files of targets, and in DNS."""

from __future__ import annotations

import ipaddress
import re
from pathlib import PurePath
from typing import NamedTuple

from logagent.config import values
from logagent.config.setting import Setting

SUFFIXES = (".json", ".yml", ".yaml")
"""How names of files of targets end, as those of Prometheus do."""
ADDRESSES = ("A", "AAAA")
"""The types of records that are asked for where a name with a port is given and no type."""

_EXAMPLES = "_logagent._tcp.example.org, srv:NAME, NAME:8443, a:NAME:8443 or aaaa:NAME:8443"
_NAME = re.compile(r"(?=.{1,254}$)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_LONGEST_VALUE = 256


class DnsAsked(NamedTuple):
    """What DNS is asked for.

    Attributes:
        record_types: of SRV, A and AAAA.
        port: of the agents; 0 with SRV, which gives their ports.
        scheme: https, or http.
        labels: of the agents that are found, each with its value.
    """

    name: str
    record_types: tuple[str, ...]
    port: int = 0
    scheme: str = "https"
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def spelled(self) -> str:
        """A spelling that `dns_asked` reads as this."""
        types = self.record_types
        is_plain = types == ADDRESSES or (types == ("SRV",) and self.name.startswith("_"))
        before = "" if self.scheme == "https" else f"{self.scheme}://"
        kind, port = "" if is_plain else f"{types[0].lower()}:", f":{self.port}" if self.port else ""
        return f"{before}{kind}{self.name}{port}{''.join(f';{name}={value}' for name, value in self.labels)}"


def dns_asked(text: str) -> DnsAsked:
    """Read what DNS is asked for, such as `_logagent._tcp.example.org;zone=a` or `a:web.example.org:8443`."""
    asked, *labels = text.split(";")
    scheme, slashes, rest = asked.strip().rpartition("://")
    kind, name, port = _spelled(rest)
    if slashes and scheme not in ("http", "https"):
        raise ValueError(f"must be {_EXAMPLES}, before which https:// may stand, or http://; not {scheme}://")
    if not _NAME.fullmatch(name) or not re.fullmatch(r"[0-9A-Za-z]*", port):
        raise ValueError(f"must be a name in DNS, such as {_EXAMPLES}")
    is_srv = kind == "srv" or (not kind and name.startswith("_"))
    if is_srv == bool(port):
        lacking = "SRV gives the ports itself: leave it out" if is_srv else f"add a port, or srv: before {name}"
        raise ValueError(f"must be {_EXAMPLES}; {lacking}")
    types = ("SRV",) if is_srv else (kind.upper(),) if kind else ADDRESSES
    return DnsAsked(name, types, _port(port), scheme or "https", tuple(map(_label, labels)))


def _spelled(text: str) -> tuple[str, str, str]:
    """Return the type, the name and the port, as they were typed."""
    kind, colon, rest = text.partition(":")
    if not colon or kind.lower() not in ("srv", "a", "aaaa"):
        kind, rest = "", text
    name, _, port = rest.partition(":")
    return kind.lower(), name, port


def _port(text: str) -> int:
    if text and not (re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) and 0 < int(text) <= values.MAX_PORT):
        raise ValueError(f"must have a port from 1 to {values.MAX_PORT}, not {values.shown(text)}")
    return int(text or 0)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.strip().partition("=")
    if not equals or not _LABEL.fullmatch(name) or len(value) > _LONGEST_VALUE or not value.isprintable():
        raise ValueError(f"must have labels such as ;role=web behind the name, not ;{text}")
    return name, value


def dns_server(text: str) -> str:
    """Read the address of a server of DNS, maybe with a port, such as `10.0.0.53` or `127.0.0.1:8600`."""
    spelled = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?|([0-9.]+)(?::([0-9]{1,5}))?|([0-9A-Fa-f:]+)", text)
    try:
        if spelled is None:
            raise ValueError
        address = ipaddress.ip_address(next(filter(None, (spelled[1], spelled[3], spelled[5]))))
    except ValueError:
        raise ValueError("must be an IP address, maybe with a port, such as 10.0.0.53 or 127.0.0.1:8600") from None
    port = _port(spelled[2] or spelled[4] or "53")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def target_files(text: str) -> str:
    """Read the path of a file of targets, whose last part may be a glob."""
    path = PurePath(text)
    if path.suffix not in SUFFIXES or any(wild in part for part in path.parts[:-1] for wild in "*?["):
        raise ValueError(
            f"must be a path that ends in one of {' '.join(SUFFIXES)}, such as targets/*.yml; * only there"
        )
    return text


DISCOVERY = (
    Setting(
        "targets",
        target_files,
        "a file that names further agents, in the form of Prometheus' `file_sd` in JSON or YAML, or a glob of such "
        "files; a change counts within two seconds",
        "path",
        otherwise="none",
        repeatable=True,
    ),
    Setting(
        "dns",
        dns_asked,
        "a name under which DNS has further agents: SRV where it begins with `_` or with `srv:`; with a port, A and "
        "AAAA, or one of them with `a:` or `aaaa:` before it, each address being an agent; labels behind `;`; looked "
        "up again by its TTL",
        "name or name:port",
        otherwise="none",
        repeatable=True,
    ),
    Setting(
        "dns_server",
        dns_server,
        "the server that is asked for `dns`, also for the addresses of the hosts that are found there",
        "address or address:port",
        otherwise="those in /etc/resolv.conf",
    ),
    Setting(
        "target_grace",
        values.seconds,
        "how long an agent is kept that is no longer found, shown as stale by `logagent hosts`",
        "seconds",
        default="5m",
    ),
)
"""The settings of how agents are found."""
