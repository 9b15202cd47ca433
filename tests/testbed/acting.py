"""Certificates of agents and of people, and agents with rules that ask each other for others."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from logagent.authority import certs
from logagent.core.access.acting import Acting
from logagent.core.access.rules import Rule, Rules
from logagent.peers.client.tls import client_tls
from logagent.web.access import Access
from logagent.web.admission.acting import ActingProver
from logagent.web.admission.proving import Prover, Provers
from logagent.web.server.listening import server_tls
from testbed.made_certificates import make
from testbed.shows import Shows

ALL = ("token", "cert", "oidc", "unix", "anonymous")
ALLOW = Rules([Rule(allows=True, who=("token:alice", "unix:root@*", "group:ops"))])
"""Rules of which `token:alice`, root of any host and members of `ops` are given everything."""


@dataclass(frozen=True)
class Papers:
    """The certificates of one authority: those of some hosts, and that of `alice`, a person."""

    directory: Path

    def server(self, host: str) -> ssl.SSLContext:
        return server_tls(*self._pair(host), self.directory / "ca.pem")

    def client(self, name: str | None) -> ssl.SSLContext:
        """Trust the authority, and show the certificate of a host or of `alice`; None: none."""
        return client_tls(self.directory / "ca.pem", *(self._pair(name) if name else ()))

    def _pair(self, name: str) -> tuple[Path, Path]:
        if name == "alice":
            return self.directory / "people" / "made-0.pem", self.directory / "people" / "made-0-key"
        return self.directory / f"{name}.pem", self.directory / f"{name}-key.pem"


def make_papers(directory: Path, *hosts: str) -> Papers:
    """Make an authority, and certificates of hosts and of a person."""
    now = datetime.now(UTC)
    certs.init(directory, now=now)
    for host in hosts:
        certs.host(host, directory, now=now)
    make(directory, directory / "people")
    return Papers(directory)


def access_of(
    host: str, rules: Rules | None = None, acting: Mapping[str, Any] | None = None, *, prover: Prover | None = None
) -> Access:
    """Access as the program makes it, with proofs that tests can show; `prover`: others than those of `shows.py`."""
    rules, may_act = rules or Rules(), Acting(acting or {}, host)
    provers = [*([ActingProver(may_act)] if rules or may_act else []), prover or Shows()]
    return Access([host], certificate_required=False, host=host, rules=rules, provers=Provers(provers))
