"""Merging: puts lines of many sources into one order by time, and tracks how far each log was emitted.

May import, of ``core``: its own modules.

Doors: ``merge`` merges answers that end; ``window.Window`` merges lines that are still being written;
``positions.Positions`` tracks how far each log was emitted.
"""
