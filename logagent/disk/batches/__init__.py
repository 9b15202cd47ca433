"""From blocks to batches: the lines or events of a block that match, with their columns, or counted.

May import, of ``disk``: ``files`` and ``times``.

Doors: ``batching.BatchBuilder`` makes batches of the blocks of one file; ``counting.HitCounter`` counts them.
"""
