"""Following logs: new logs that turn up, the end of each, and lines sent as they are written.

May import, of ``disk``: ``threads``, ``files``, ``watch``, ``times``, ``catalog``, ``batches``, ``rotation``
and ``search``.

Doors: ``source.LiveSource`` follows the logs that a query names; ``tail.Tail`` waits at the end of one log;
``shared_tails.SharedTails`` has everybody who follows a log share one.
"""
