"""Pure computation: no files, sockets, clocks or threads, and nothing from logagent's other directories.

Functions take values and return values, so tests need no files and no network. The modules directly in this directory
hold the types that everything uses: the query (``query``, ``time_range``, ``limits``), the lines (``batch``,
``columns``), and the end of an answer (``outcome``, ``cursor``). The wings build on them: ``times``, ``matching``,
``hits``, ``merging``, ``wire`` and ``rendering``.

Doors: all modules that lie here; each wing names its own.
"""
