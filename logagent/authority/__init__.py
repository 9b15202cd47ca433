"""The authority: its files, the certificates of hosts and people that it signs, and the list of those it revoked.

May import ``config``, ``core`` and ``terminal``: the command `certs` prints; an agent needs nothing of it.

Doors: ``certs.init``, ``certs.host`` and ``client_certs.client`` make certificates, ``revoking.revoke`` revokes
them, and ``command.run`` runs the command `certs`.
"""
