"""Contexts: whom commands ask, what they show him, and what they take for granted, by a name in a file.

Only loaded where that file exists, or a context is asked for: commands without one are not to wait for it.

May import, of ``terminal``: its own modules.

Doors: ``applying.apply`` gives the arguments of a command what its context holds; ``command.run`` runs `context`.
"""
