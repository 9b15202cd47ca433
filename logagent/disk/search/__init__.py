"""One query over one log: which of its files are read, which part of each, and which lines are sent.

May import, of ``disk``: ``threads``, ``files``, ``archives``, ``times``, ``catalog`` and ``batches``.

Doors: ``source.LogSource`` answers a query from one log; ``options.ReadOptions`` are the settings of reading.
"""
