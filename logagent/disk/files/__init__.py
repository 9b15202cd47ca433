"""One open file: opened without leaving its root, and read by position in blocks of whole lines.

May import, of ``disk``: ``threads``.

Doors: ``beneath.Beneath`` opens files below a root; ``reader.Reader`` reads one; ``parallel_sweep.Sweep`` passes over
what cannot match.
"""
