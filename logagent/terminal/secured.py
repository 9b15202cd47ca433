"""Which agents are asked over TLS, and by what."""

from __future__ import annotations

from logagent.peers.direct.wires import Secure
from logagent.terminal.address import AgentAddress


def secure_of(agent: AgentAddress) -> Secure | None:
    """Return what speaks TLS with an agent; None if none is spoken."""
    if not agent.url.startswith("https:"):
        return None
    # Imported here, since TLS takes longer to load than an answer without it.
    from logagent.peers.direct.tls_wire import over_tls

    return over_tls(agent.tls)
