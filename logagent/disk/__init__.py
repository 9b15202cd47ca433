"""This host's log files: the only place that touches them, through threads that are hired in one module.

May import ``core``; never ``peers`` or ``web``.

Doors: ``threads.DiskThreads`` runs work in threads; the other doors are those of the wings, each named by its own.
"""
