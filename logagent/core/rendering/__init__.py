"""Answers as clients read them: text, NDJSON, server-sent events, and tables of hits.

May import, of ``core``: its own modules, ``times``, ``hits``, ``merging`` and ``wire``.

Doors: ``records`` renders lines, ``hits`` renders counts, ``event_stream`` renders a followed log.
"""
