"""The demonstration: made-up logs, and agents that run as processes of their own.

May import ``authority``, ``core``, ``config``, ``peers`` and ``terminal``; never ``disk`` or
``web``: it meets agents as users do.

Doors: ``play`` runs the command `demo`.
"""
