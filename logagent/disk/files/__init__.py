"""One open file: opened without leaving its root, and read by position in blocks of whole lines.

May import, of ``disk``: ``threads``.

Doors: ``beneath.Root`` opens files below a root; ``reader.Reader`` reads the lines of one;
``parallel_sweep.ParallelSweep`` passes over text that cannot match, or counts in it.
"""
