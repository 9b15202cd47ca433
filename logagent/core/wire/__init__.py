"""The formats that agents and clients exchange, each encoder beside its decoder.

May import, of ``core``: its own modules, ``access``, ``merging``, ``times``, ``matching`` and ``hits``.

Doors: ``frames`` (batches between agents), ``parameters`` (a query in a URL), ``verdict`` (an outcome in trailers),
``caller`` (for whom an agent asks).
"""
