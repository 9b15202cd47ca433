"""Other agents: the only place that makes connections to them.

May import ``core``; never ``disk`` or ``web``.

Doors: ``known_agents.Peers`` answers for all known agents; ``source.PeerSource`` asks one of them.
"""
