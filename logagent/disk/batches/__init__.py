"""From blocks to batches: selects the lines or events of blocks that match, and collects them with their columns.

May import, of ``disk``: ``files`` and ``times``.

Doors: ``batching.BatchBuilder`` makes batches of the blocks of a log; ``counting.HitCounter`` makes
batches of counts in its place.
"""
