"""The command `doctor`: each step of reaching each peer, tried one after the other, and what mends the one that fails.

May import, of ``terminal``: its own modules.

Doors: ``command.run`` runs `doctor`; ``examining.examine`` tries the steps of one peer.
"""
