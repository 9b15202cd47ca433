"""Merging: lines of many sources put into one order by time, and how far each log is given out.

May import, of ``core``: its own modules.

Doors: ``merge`` merges answers that end; ``window.Window`` merges lines that are still being written;
``positions.Positions`` keeps how far each log is given out.
"""
