"""The command line: arguments, queries to an agent, printing, exit codes.

Each command is read in three steps: its arguments as typed, checked, run.
May import ``core``, ``config`` and ``peers``; never ``disk`` or ``web``: whoever asks needs no server.
"""
