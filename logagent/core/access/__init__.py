"""Who may ask, decided from facts: the names that an agent is asked by, and the users of its machine.

May import, of ``core``: nothing.

Doors: ``host_names.KnownNames`` knows the names by which an agent may be addressed; ``local_rights.LocalRights`` knows
the users of its machine that it serves.
"""
