"""Changes of files and directories on this host: told by the kernel, or found by polling.

May import, of ``disk``: ``files``.

Doors: ``watching.Watching`` wakes whoever waits for a file or directory to change.
"""
