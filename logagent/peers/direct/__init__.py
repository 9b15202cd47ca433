"""One question to one agent over a blocking socket: for commands that ask once, which Trio and httpx would hold up.

May import, of ``peers``: ``client`` and its own modules.

Doors: ``source.DirectSource`` asks a query, ``documents`` asks for files and hosts, ``coroutines.finished`` runs both.
"""
