"""Merging: puts lines of many sources into one order by time, tracks how far each log was emitted, joins outcomes.

May import, of ``core``: its own modules.

Doors: ``merge`` merges answers that end; ``window.Window`` merges lines that are still being written;
``positions.Positions`` tracks how far each log was emitted; ``outcomes.combine`` makes one outcome of several;
``shared_reasons`` tells why many hosts failed.
"""
