"""This host's log files: the only place that reads them, in threads that one module starts.

May import ``core``; never ``peers`` or ``web``.

Doors: ``threads.DiskThreads`` runs work in threads, by turns (``fair_turns``); the other doors are those of the wings,
each named by its own.
"""
