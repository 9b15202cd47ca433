"""How many files and connections a process may have open at a time: as many as the machine lets it."""

from __future__ import annotations

import resource

BESIDE_PEERS = 512
"""Descriptors for all but peers: logs that are read or kept open over rotations, clients, what is watched."""
OF_A_PEER = 2
"""Descriptors of a peer: one connection for queries, and one for follows."""


def raise_limit(peers: int) -> str:
    """Raise the limit on open files to the hard one, which needs no right, since many systems begin with 1,024.

    Args:
        peers: how many agents are known.

    Returns:
        What is wrong, for people: that it does not suffice for so many; empty: nothing.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    needed = BESIDE_PEERS + OF_A_PEER * peers
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return ""
    return (
        f"{hard:,} files may be open at a time, and {peers:,} peers may need {needed:,}: raise the hard limit "
        "(LimitNOFILE= of systemd, ulimit -Hn), or some peers cannot be connected to"
    )
