"""Watching files and directories of this host for changes: reported by the kernel, or found by polling.

May import, of ``disk``: ``files``.

Doors: ``watching.Watching`` wakes whoever waits for a file or directory to change.
"""
