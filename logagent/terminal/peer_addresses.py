"""Several agents that the command line asks by itself, as an agent asks those that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ssl

    from logagent.peers.client.credentials import Credential


class PeerAddresses(NamedTuple):
    """Several agents, as a client reaches them.

    Attributes:
        urls: by the names under which they must answer, without trailing slashes.
        tls: for those that speak TLS; None: trust the system's authorities, and show no certificate.
        credentials: tokens, by the names of those to whom one is sent.
        trace: headers that name the trace to which what is asked belongs; none: one is begun.
    """

    urls: Mapping[str, str]
    tls: ssl.SSLContext | None
    credentials: Mapping[str, Credential]
    trace: Mapping[str, str] = {}

    @property
    def url(self) -> str:
        """What is named in messages about no host."""
        return "the agents named by --peer" if len(self.urls) > 1 else next(iter(self.urls.values()))
