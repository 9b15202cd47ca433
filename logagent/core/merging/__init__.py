"""Merging: batches of many sources put into one order by time, and how far each log has come in it.

May import, of ``core``: its own modules.

Doors: ``merge`` merges what is complete; ``window.Window`` merges what is still being written; ``positions.Positions``
keeps how far each log is done.
"""
