"""The command line: arguments, queries to an agent, printing, exit codes.

Each command is read in three steps: its arguments as typed, checked, run.

May import ``core``, ``config`` and ``peers``; never ``disk`` or ``web``: whoever asks needs no server.

Doors: ``arguments`` reads what was typed; ``question``, ``files`` and ``hosts`` check it; ``plain`` (query and hits)
and ``plain_documents`` (files and hosts) ask over a blocking socket; ``query`` and ``documents`` ask on Trio;
``follow`` and ``formats`` run the commands of these names; ``verdicts`` gives the exit codes; ``streams.Streams`` are
what a command prints to; ``pager`` shows what does not fit on a terminal; ``interrupts`` ends it by a signal.
"""
