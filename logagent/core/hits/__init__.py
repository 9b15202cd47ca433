"""Hits: how many lines fall into each bucket of time, counted in many places and added up.

May import, of ``core``: its own modules, ``times`` and ``matching``.

Doors: ``counts.Counts`` counts one file; ``tally.Tally`` merges what
sources send; ``histogram.Histogram`` makes rows of it.
"""
