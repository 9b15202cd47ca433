"""Who may ask an agent, made from its settings and the files that they name.

May import ``config``, ``core`` and ``web``; never ``disk`` or ``peers``.

Doors: ``access.access_of`` makes what decides which requests are answered, ``access.rules_of`` the rules alone, and
``identity_provider.identity_provider`` what knows the signed tokens of an identity provider.
"""
