"""The command line: arguments, queries to an agent, printing, exit codes.

Each command is read in three steps: its arguments as typed, checked, run.

May import ``core``, ``config`` and ``peers``; never ``disk`` or ``web``: whoever asks needs no server.

Doors: ``arguments`` reads what was typed, ``question`` checks it; ``query`` (with `hits`), ``follow``, ``files``,
``formats`` and ``hosts`` run the commands of these names; ``verdicts`` gives the exit codes; ``streams.Streams``
are what a command prints to; ``interrupts`` ends it by a signal.
"""
