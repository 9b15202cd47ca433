"""People at a terminal: arguments as typed, questions to an agent, printing, exit codes.

May import ``core``, ``config`` and ``peers``; never ``disk`` or ``web``: whoever asks needs no server.
"""
