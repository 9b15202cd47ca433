"""Pure computation: no files, sockets, clocks or threads, and nothing from logagent's other directories.

All of it takes values and returns values, so that it is tested without a machine around it. The modules that lie here
hold the words everybody uses: what is asked (``query``, ``time_range``, ``limits``), what flows (``batch``,
``columns``), and how it ends and goes on (``outcome``, ``cursor``). The wings build on them: ``times``, ``matching``,
``hits``, ``merging``, ``wire`` and ``rendering``.

Doors: all modules that lie here; each wing names its own.
"""
