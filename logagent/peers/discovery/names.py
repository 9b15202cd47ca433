"""What DNS is asked for, and the targets that its answers give."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from logagent.peers.discovery.checked import UnusableTarget, shown, url_of
from logagent.peers.target import Target


class RecordType(enum.StrEnum):
    """The types of DNS records in which targets are found."""

    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


class DnsRecord(NamedTuple):
    """A record of an answer.

    Attributes:
        host: a name, or an address.
        port: of SRV; else 0.
        priority: of SRV: of several records of one host, those with the lowest are asked first.
        weight: of SRV: of these, those with the highest.
    """

    host: str
    port: int = 0
    priority: int = 0
    weight: int = 0


class DnsAnswer(NamedTuple):
    """What DNS says of a name.

    Attributes:
        records: none: there is no such name, or it has no records of this type.
        ttl: seconds for which that holds.
    """

    records: tuple[DnsRecord, ...]
    ttl: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsName:
    """One name that is looked up for targets.

    Attributes:
        name: without a dot at its end, it is completed as the machine's programs do; see `resolv.conf`.
        record_type: of the records.
        port: of the agents; SRV gives its own.
        scheme: https, or http.
        labels: of all targets that are found.
        setting: which asks for it, as it is spelled there.
    """

    name: str
    record_type: RecordType
    port: int = 0
    scheme: str = "https"
    labels: Mapping[str, str] = field(default_factory=dict)
    setting: str = ""

    @property
    def found_by(self) -> str:
        """By what the targets are said to be found."""
        port = f":{self.port}" if self.port else ""
        return f"dns {self.record_type} {self.name}{port}"

    def targets_in(
        self, records: Iterable[DnsRecord], *, cleartext: bool
    ) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """Return the targets that records give, and what is wrong with others of them, a sentence each.

        Of one host with several ports the first that answers is asked, in the order of SRV; each host and each address
        is a target of its own. A record whose host is the root says that there is nothing (RFC 2782).
        """
        urls: dict[str, list[str]] = {}
        wrong: list[str] = []
        for record in sorted(set(records), key=_by_priority):
            if record.host in (".", ""):
                continue
            try:
                url = url_of(record.host, record.port or self.port, self.scheme, cleartext=cleartext)
            except UnusableTarget as bad:
                wrong.append(f"{bad}; the record of {shown(record.host)} is left out")
            else:
                urls.setdefault(record.host.lower().rstrip("."), []).append(url)
        return tuple(self._target(urls[host]) for host in sorted(urls)), tuple(wrong)

    def _target(self, urls: Iterable[str]) -> Target:
        return Target(urls=tuple(dict.fromkeys(urls)), labels=self.labels, found_by=self.found_by)


def dns_names(
    name: str, record_types: Iterable[str], port: int, scheme: str, labels: Mapping[str, str]
) -> list[DnsName]:
    """Return what is looked up for one setting: a name with each of its types of records."""
    return [
        DnsName(name=name, record_type=RecordType(each), port=port, scheme=scheme, labels=labels)
        for each in record_types
    ]


def _by_priority(record: DnsRecord) -> tuple[int, int, str, int]:
    return record.priority, -record.weight, record.host, record.port
