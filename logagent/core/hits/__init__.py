"""Hits: how many lines fall into each bucket of time, counted file by file and added up over hosts.

May import, of ``core``: its own modules, ``times`` and ``matching``.

Doors: ``counts.Counts`` counts one file; ``tally.Tallied`` tells how many lines a source counted;
``histogram.Histogram`` adds counts up and makes rows of them; ``by_file`` does so for counts of whole logs.
"""
