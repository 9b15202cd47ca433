"""Making batches from blocks: selects the lines or events that match, and collects them with their columns.

May import, of ``disk``: ``files``, ``archives`` and ``times``.

Doors: ``batching.BatchBuilder`` makes batches of lines from the blocks of a log; ``counting.HitCounter`` makes batches
of counts by time from them, ``file_counting.FileCounter`` those of counts by file.
"""
