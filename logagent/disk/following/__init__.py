"""Following logs: finds new ones, waits at the end of each, and sends lines as they are written.

May import, of ``disk``: ``threads``, ``files``, ``archives``, ``watch``, ``times``, ``catalog``, ``batches``,
``rotation`` and ``search``.

Doors: ``source.FollowSource`` follows the logs that a query names; ``tail.Tail`` waits at the end of one log;
``shared_tails.SharedTails`` lets all followers of a log share one tail.
"""
