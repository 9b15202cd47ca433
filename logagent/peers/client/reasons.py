"""Describing for people why another agent gave no answer."""

from __future__ import annotations

import httpx

from logagent.peers.client.exchange import Away, SshFailure, TlsFailure
from logagent.peers.client.words import told_of


def reason(error: httpx.HTTPError) -> str:
    """Describe an error in one sentence, with the operating system's message if there is one."""
    return str(error) if isinstance(error, Away | TlsFailure | SshFailure) else told_of(error)
