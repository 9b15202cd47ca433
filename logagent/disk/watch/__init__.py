"""What changes on this host, as the kernel tells it, or as looking again shows it.

May import, of ``disk``: ``files``.

Doors: ``watching.Watching`` wakes whoever waits for a file or directory to change.
"""
