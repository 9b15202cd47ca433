"""Connections over ssh: each is the standard streams of one ssh process, which runs an agent on another host.

May import, of ``peers``: nothing.

Doors: ``network.SshNetwork`` makes the connections; ``failing.SshBroken`` says why there is none.
"""
